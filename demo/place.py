"""Where the demo runs: its folder, its ports, its keys, and the environment of its services."""

import fcntl
import json
import shutil
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from demo.keys import Keys, keys
from nightlabel.settings import Settings, child_environment, settings
from servers import private

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
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
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
    """Give the environment of Airflow's processes."""
    return {**step_environment(place), **_airflow(place)}


def step_environment(place: Place) -> dict[str, str]:
    """Give the environment of a command of ``nightlabel``: it may ask MLflow, and has no key of Airflow."""
    login = {"MLFLOW_TRACKING_USERNAME": USER, "MLFLOW_TRACKING_PASSWORD": passwords(place).mlflow}
    return {**_shared(place), **login}


def mlflow_environment(place: Place) -> dict[str, str]:
    """Give the environment of MLflow's server."""
    port, secret = place.ports.mlflow, passwords(place)
    told = {
        "MLFLOW_HOST": "127.0.0.1",
        "MLFLOW_PORT": str(port),
        "MLFLOW_WORKERS": "1",
        "MLFLOW_BACKEND_STORE_URI": f"sqlite:///{place.home / 'mlflow.db'}",
        "MLFLOW_ARTIFACTS_DESTINATION": str(place.home / "mlflow-artifacts"),
        "MLFLOW_SERVER_ALLOWED_HOSTS": _hosts(port),
        "MLFLOW_AUTH_CONFIG_PATH": str(place.home / "mlflow-sign-in.ini"),
        "MLFLOW_AUTH_DATABASE_URI": f"sqlite:///{place.home / 'mlflow-accounts.db'}",
        "MLFLOW_AUTH_ADMIN_USERNAME": USER,
        "MLFLOW_AUTH_ADMIN_PASSWORD": secret.mlflow,
        "MLFLOW_FLASK_SERVER_SECRET_KEY": secret.mlflow_secret,
    }
    return {**_shared(place), **told}


def evidently_environment(place: Place) -> dict[str, str]:
    """Give the environment of the drift dashboard."""
    told = {
        "DRIFT_UI_WORKSPACE": str(place.workspace),
        "DRIFT_UI_PORT": str(place.ports.evidently),
        "DRIFT_UI_ALLOWED_HOSTS": _hosts(place.ports.evidently),
        "DRIFT_UI_USER": USER,
        "DRIFT_UI_PASSWORD": passwords(place).evidently,
    }
    return {**_shared(place), **told}


def passwords(place: Place) -> Keys:
    """Give the keys and passwords of all three UIs; made at the first start."""
    return keys(place.airflow_home)


def password(place: Place) -> str:
    """Give the password of Airflow's one user."""
    return passwords(place).password


def _shared(place: Place) -> dict[str, str]:
    """Give what every program of the demo is told; none of it is a secret."""
    mine, tools = place.settings, Path(sys.executable).parent
    return child_environment(
        ("AIRFLOW_", "_AIRFLOW_", "MLFLOW_"),
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


def _airflow(place: Place) -> dict[str, str]:
    secret, address = passwords(place), place.settings.airflow_url
    people = place.airflow_home / "passwords.json"
    private.write(people, json.dumps({USER: secret.password}))
    options = {
        "CORE__LOAD_EXAMPLES": "False",
        "CORE__ALLOWED_DESERIALIZATION_CLASSES": "airflow.sdk.definitions.callback.*",
        "CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "CORE__PARALLELISM": "4",
        "CORE__FERNET_KEY": secret.fernet,
        "CORE__EXECUTION_API_SERVER_URL": f"{address}/execution/",
        "CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
        "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(people),
        "CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "False",
        "API__HOST": "127.0.0.1",
        "API__PORT": str(place.ports.airflow),
        "API__BASE_URL": address,
        "API__WORKERS": "1",
        "API__EXPOSE_CONFIG": "False",
        "API__SECRET_KEY": secret.secret,
        "API_AUTH__JWT_SECRET": secret.jwt,
        "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "30",
        "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.5",
        "USAGE_DATA_COLLECTION__ENABLED": "False",
        "WORKERS__EXECUTION_API_TIMEOUT": "60",
        "WORKERS__EXECUTION_API_RETRIES": "12",
    }
    return {"AIRFLOW_HOME": str(place.airflow_home), **{f"AIRFLOW__{k}": v for k, v in options.items()}}


def _hosts(port: int) -> str:
    return f"127.0.0.1:{port},localhost:{port}"


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
