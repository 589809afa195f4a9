"""What is in the image of the pods, and what it may do: little."""

import json

import pytest

from tests.containers import Finished, chroot, engine, is_able, run
from tests.image.conftest import COMMIT, VERSION

MB = 1_000_000
SCRATCH = "/tmp"  # noqa: S108 - the container's
ABSENT = (
    *(
        "torch",
        "airflow",
        "mlflow",
        "evidently",
        "dvc",
        "kubernetes",
        "github",
        "sklearn",
        "scipy",
    ),
    *("onnx", "matplotlib", "pip", "setuptools", "wheel", "ensurepip", "tkinter", "pytest"),
)
ABOUT = """
import json, os, pathlib
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
def writable(folder):
    try:
        pathlib.Path(folder, "new").touch()
    except OSError:
        return False
    return True
root = pathlib.Path("/")
print(json.dumps({
    "uid": os.getuid(), "gid": os.getgid(), "groups": os.getgroups(),
    "rights": status["CapEff"].strip(), "bound": status["NoNewPrivs"].strip(),
    "writable": [f for f in ("/", "/opt/nightlabel", "/etc", "/usr/lib", "/var", "/tmp") if writable(f)],
    "home": os.environ["HOME"], "programs": sorted(os.listdir("/usr/bin")),
    "shells": [str(p) for name in ("sh", "bash", "dash", "busybox") for p in root.glob(f"usr/*bin/{name}")],
}))
"""
ABSENCE = "import importlib.util as u, sys; print([name for name in sys.argv[1:] if u.find_spec(name)])"
COMPILED = """
import os, sys
from nightlabel import catalog
from nightlabel.steps import health, night, people, tables
import deltalake, requests
catalog.load("card_spending").prepare.restore
found = [m for m in sys.modules.values() if getattr(m, "__cached__", None)]
print(len(found) > 500, [m.__name__ for m in found if not os.path.exists(m.__cached__)])
"""
HUNGRY = "held = [bytearray(16_000_000) for _ in range(40)]; print(len(held))"


def python(image: str, program: str, *words: str, **options) -> Finished:
    return run(image, ["-c", program, *words], entrypoint="python", **options)


def test_the_image_is_at_most_450_mb(image):
    assert int(engine().said("image", "inspect", "--format", "{{.Size}}", image)) <= 450 * MB


def test_it_names_its_commit_its_version_and_its_base(image):
    about = json.loads(engine().said("image", "inspect", "--format", "{{json .Config}}", image))
    labels = {
        name.removeprefix("org.opencontainers.image."): value for name, value in about["Labels"].items()
    }

    assert (labels["revision"], labels["version"]) == (COMMIT, VERSION)
    assert labels["base.name"].startswith("localhost/")
    assert about["User"] == "10001:10001"
    assert about["Entrypoint"] == ["nightlabel"]
    assert f"NIGHTLABEL_COMMIT={COMMIT}" in about["Env"]


def test_it_runs_as_nobody_in_particular_and_may_write_scratch_space_alone(image):
    about = json.loads(python(image, ABOUT).stdout)

    assert (about["uid"], about["gid"], about["groups"]) == (10001, 10001, about["groups"])
    assert (int(about["rights"], 16), about["bound"]) == (0, "1")
    assert (about["writable"], about["home"]) == ([SCRATCH], SCRATCH)


def test_it_has_no_shell_and_no_program_but_python(image):
    about = json.loads(python(image, ABOUT).stdout)

    assert about["shells"] == []
    assert [name for name in about["programs"] if not name.startswith("python3")] == []


def test_what_a_night_does_not_need_is_not_there(image):
    found = python(image, ABSENCE, *ABSENT, "numpy")

    assert found.stdout.strip() == "['numpy']"


def test_what_a_night_imports_is_compiled(image):
    found = python(image, COMPILED)

    assert found.stdout.strip() == "True []", found.stderr


def test_memory_is_limited(image):
    if not is_able():  # which has warned
        return

    assert python(image, HUNGRY, memory="1g").stdout.strip() == "40"
    assert python(image, HUNGRY, memory="256m").code == 137


@pytest.mark.parametrize("words", [["--help"], ["label", "--help"], ["usecases"]])
def test_the_command_line_answers(image, words):
    found = run(image, words)

    assert (found.code, found.stderr) == (0, "")
    assert "card_spending" in found.stdout or "Usage" in found.stdout


def test_a_place_that_needs_mlflows_own_client_is_refused_with_a_way_out(image):
    found = run(image, ["plan", "-u", "card_spending", "-d", "2020-01-31", "-r", "a"])

    assert found.code == 64
    assert "NL-C010" in found.stderr
    assert "NIGHTLABEL_TRACKING_URI" in found.stderr


def test_where_no_engine_runs_the_image_runs_all_the_same(image):
    found = chroot.run(image, ["-c", ABOUT], 120, entrypoint="python")

    about = json.loads(found.stdout)
    assert (about["uid"], int(about["rights"], 16), about["bound"]) == (10001, 0, "1")
    assert about["writable"] == [SCRATCH]
    assert chroot.run(image, ["usecases"], 120).stdout.startswith("card_spending")
