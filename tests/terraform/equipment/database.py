"""A PostgreSQL of its own for a test, with TLS and a password, and the driver that the image has for it."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import free_port
from tests.terraform.equipment.tools import CACHE, ROOT

PROGRAMS = ("initdb", "pg_ctl", "psql", "openssl")
SELF_SIGNED = ("req", "-x509", "-newkey", "rsa:2048", "-noenc", "-days", "1", "-subj", "/CN=localhost")


def missing() -> list[str]:
    """Name the programs that are not on this machine."""
    return [name for name in PROGRAMS if not _program(name)]


def _program(name: str) -> str | None:
    """Give a program's path; Debian keeps PostgreSQL's own where no shell looks."""
    kept = sorted(str(path) for path in Path("/usr/lib/postgresql").glob("*/bin"))
    return shutil.which(name) or shutil.which(name, path=os.pathsep.join(reversed(kept)))


@contextmanager
def postgres(user: str, database: str, password: str) -> Iterator[dict[str, str]]:
    """Run a server while the block runs; only TLS with the password gets in. Gives PGHOST and PGPORT."""
    folder, port = Path(tempfile.mkdtemp(prefix="nl-pg-")), free_port()
    _own(folder)
    try:
        _make(folder, user, password)
        _run(folder, "pg_ctl", "start", "-w", "-D", "data", "-l", "log", "-o", f"-p {port} -k {folder}")
        try:
            _run(folder, "psql", "-qh", str(folder), "-p", str(port), "-U", user, "-d", "postgres",
                 "-c", f"CREATE DATABASE {database}", password=password)  # fmt: skip
            yield {"PGHOST": "127.0.0.1", "PGPORT": str(port)}
        finally:
            _run(folder, "pg_ctl", "stop", "-D", "data", "-m", "immediate")
    finally:
        shutil.rmtree(folder)


def driver() -> Path:
    """Give the folder with psycopg2 as the image has it, made at the first call."""
    lock = ROOT / "compose" / "requirements.txt"
    place = CACHE / f"psycopg2-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "psycopg2.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not (place / "made").exists():
            shutil.rmtree(place, ignore_errors=True)
            pip = [
                sys.executable,
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--no-deps",
            ]
            pip += ["--require-hashes", "--only-binary", ":all:", "--target", str(place)]
            subprocess.run([*pip, "--requirement", str(lock)], check=True)
            (place / "made").touch()
    return place


def _make(folder: Path, user: str, password: str) -> None:
    (folder / "password").write_text(password)
    _own(folder / "password")
    made = ("-D", "data", "-U", user, "--pwfile=password", "--auth=scram-sha-256")
    _run(folder, "initdb", *made)
    _run(folder, "openssl", *SELF_SIGNED, "-keyout", "data/server.key", "-out", "data/server.crt")
    for name, text in {
        "pg_hba.conf": "local all all scram-sha-256\nhostssl all all 127.0.0.1/32 scram-sha-256\n",
        "postgresql.auto.conf": "ssl = on\nlisten_addresses = '127.0.0.1'\nfsync = off\n",
    }.items():
        (folder / "data" / name).write_text(text)


def _own(path: Path) -> None:
    """Give a path to whom the server runs as."""
    if who := _somebody():
        shutil.chown(path, who)


def _somebody() -> str | None:
    """Give whom PostgreSQL runs as where root would: it refuses to be root."""
    return "postgres" if os.getuid() == 0 else None


def _run(folder: Path, program: str, *words: str, password: str = "") -> None:
    known = {"PATH": os.environ["PATH"], "HOME": str(folder), "PGPASSWORD": password, "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        [_program(program), *words],
        cwd=folder, env=known, user=_somebody(), stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{program}: {done.stderr[-800:]}"
