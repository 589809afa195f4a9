"""Where the demo runs: its folder, its ports, its keys, and the environment of its services."""

import base64
import fcntl
import json
import secrets
import shutil
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from nightlabel.settings import Settings, child_environment, settings

ROOT = Path(__file__).parents[1]
LEAST_DISK_GB = 2.0
GB = 1e9
ELSEWHERE = "use another folder: make demo NIGHTLABEL_HOME=/path/to/folder"
USER = "admin"


class DemoError(Exception):
    """Why the demo cannot go on, in one sentence for people."""


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports of the three UIs, all on the loopback address."""

    airflow: int = 8080
    mlflow: int = 5000
    evidently: int = 8000


@dataclass(frozen=True, slots=True)
class Place:
    """The demo's folder and addresses.

    Attributes:
        ports: The ports of the three UIs.
        settings: The settings that all steps get.
    """

    ports: Ports
    settings: Settings

    @property
    def home(self) -> Path:
        """The folder of everything that the demo writes."""
        return self.settings.home

    @property
    def logs(self) -> Path:
        """The folder of the services' logs."""
        return self.home / "logs"

    @property
    def workspace(self) -> Path:
        """The folder of the drift dashboard."""
        return self.home / "lake" / "card_spending" / "drift" / "workspace"

    @property
    def airflow_home(self) -> Path:
        """Airflow's own folder."""
        return self.home / "airflow"


def make(ports: Ports) -> Place:
    """Lay out the demo's folder after all checks.

    Raises:
        DemoError: A port is taken, the disk is full, or the folder cannot be used.
    """
    _check_ports(ports)
    home = settings().home.absolute()
    _check_disk(home)
    addresses = {
        name: f"http://127.0.0.1:{getattr(ports, name)}" for name in ("airflow", "mlflow", "evidently")
    }
    urls = {f"{name}_url": address for name, address in addresses.items()}
    place = Place(
        ports, settings().model_copy(update={"home": home, "tracking_uri": addresses["mlflow"], **urls})
    )
    try:
        for folder in (place.logs, place.airflow_home, place.workspace):
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DemoError(f"{home} cannot be used: {error.strerror}; {ELSEWHERE}") from None
    return place


@contextmanager
def alone(place: Place) -> Iterator[None]:
    """Keep the folder for one demo, as long as the block runs.

    Raises:
        DemoError: Another one runs there.
    """
    with (place.home / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DemoError(f"Another demo runs in {place.home}: end it first, or {ELSEWHERE}") from None
        yield


def environment(place: Place) -> dict[str, str]:
    """Give the environment of all services and steps."""
    mine, tools = place.settings, Path(sys.executable).parent
    return child_environment(
        **_airflow(place),
        NIGHTLABEL_HOME=str(place.home),
        NIGHTLABEL_TRACKING_URI=mine.tracking_uri,
        NIGHTLABEL_MLFLOW_URL=mine.mlflow_url,
        NIGHTLABEL_EVIDENTLY_URL=mine.evidently_url,
        NIGHTLABEL_AIRFLOW_URL=mine.airflow_url,
        MLFLOW_ALLOW_PICKLE_DESERIALIZATION="false",
        MLFLOW_DISABLE_TELEMETRY="true",
        MLFLOW_SERVER_ENABLE_JOB_EXECUTION="false",
        DO_NOT_TRACK="1",
        PATH=f"{tools}:{child_environment()['PATH']}",
    )


def password(place: Place) -> str:
    """Give the password of Airflow's one user; made at the first start."""
    return _keys(place)["password"]


def _airflow(place: Place) -> dict[str, str]:
    keys, address = _keys(place), place.settings.airflow_url
    passwords = place.airflow_home / "passwords.json"
    passwords.write_text(json.dumps({USER: keys["password"]}))
    passwords.chmod(0o600)
    options = {
        "CORE__LOAD_EXAMPLES": "False",
        "CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "CORE__PARALLELISM": "4",
        "CORE__FERNET_KEY": keys["fernet"],
        "CORE__EXECUTION_API_SERVER_URL": f"{address}/execution/",
        "CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
        "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
        "API__HOST": "127.0.0.1",
        "API__PORT": str(place.ports.airflow),
        "API__BASE_URL": address,
        "API__WORKERS": "1",
        "API__SECRET_KEY": keys["secret"],
        "API_AUTH__JWT_SECRET": keys["jwt"],
        "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "30",
        "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.5",
        "USAGE_DATA_COLLECTION__ENABLED": "False",
        "WORKERS__EXECUTION_API_TIMEOUT": "60",
        "WORKERS__EXECUTION_API_RETRIES": "12",
    }
    return {"AIRFLOW_HOME": str(place.airflow_home), **{f"AIRFLOW__{k}": v for k, v in options.items()}}


def _keys(place: Place) -> dict[str, str]:
    path = place.airflow_home / "keys.json"
    if not path.exists():
        fernet = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
        made = {"fernet": fernet, "jwt": secrets.token_hex(64), "secret": secrets.token_hex(32)}
        part = path.with_suffix(".part")
        part.touch(mode=0o600)
        part.write_text(json.dumps({**made, "password": secrets.token_urlsafe(9)}))
        part.replace(path)
    keys: dict[str, str] = json.loads(path.read_text())
    return keys


def _check_ports(ports: Ports) -> None:
    chosen = {f"{name.upper()}_PORT": port for name, port in asdict(ports).items()}
    if len(set(chosen.values())) < len(chosen):
        named = ", ".join(f"{name}={port}" for name, port in chosen.items())
        raise DemoError(f"The three UIs need three different ports, not {named}")
    for name, port in chosen.items():
        if not _free(port):
            other = next(p for p in range(port + 1, 2**16) if p not in chosen.values() and _free(p))
            raise DemoError(
                f"Port {port} is taken{_holder(port)}: end what uses it, or choose another port: "
                f"make demo {name}={other}"
            )


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _holder(port: int) -> str:
    """Name the program that listens on a port, where the system tells."""
    with suppress(psutil.Error):
        for found in psutil.net_connections("tcp"):
            if found.pid and found.status == psutil.CONN_LISTEN and found.laddr.port == port:
                return f" by {psutil.Process(found.pid).name()} (process {found.pid})"
    return ""


def _check_disk(folder: Path) -> None:
    there = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(there).free / GB
    if free < LEAST_DISK_GB:
        raise DemoError(
            f"{folder} has {free:.1f} GB of free disk, but the demo needs {LEAST_DISK_GB:.0f} GB: free some, "
            f"or {ELSEWHERE}"
        )
