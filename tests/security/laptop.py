"""The services of the demo on free ports, without a run: what a person has after the first start."""

import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from demo import services
from demo.place import USER, Place, Ports, make, passwords
from demo.rest import Airflow
from nightlabel.catalog import usecases
from nightlabel.settings import settings
from tests.conftest import free_port
from tests.processes import seen

UIS = ("airflow", "mlflow", "evidently")
DAGS = {f"{kind}__{one.name}" for kind in ("experiment", "nightly") for one in usecases()}
DAGS |= {"nightlabel__watch"}

EXPERIMENT, NIGHTLY = "experiment__card_spending", "nightly__card_spending"
HOSTILE_FORMS = [
    *(
        (EXPERIMENT, {"data": data})
        for data in ("", "x" * 1025, ["a", "--by=ann"], {"__classname__": "x"}, None)
    ),
    *((EXPERIMENT, {"data_version": text}) for text in ("../../etc/passwd", "0" * 33, "{{ 7 * 7 }}")),
    *(
        (EXPERIMENT, {"candidates": names})
        for names in ("baseline", [], ["../x"], ["$(touch x)"], ["baseline"] * 2)
    ),
    *((EXPERIMENT, {"seed": seed}) for seed in ("7; touch x", -1, 2**31, 1.5)),
    *((EXPERIMENT, {"note": note}) for note in ("x" * 201, ["a"], 7)),
    *(
        (NIGHTLY, {"date": text})
        for text in ("../../etc", "2026-02-31", "2026-1-31", ["2026-01-31"], 20260131)
    ),
]
"""What a person, or whoever has a token, may put into the fields of a form."""


@dataclass(frozen=True)
class Laptop:
    """A running demo."""

    place: Place
    started: list[services.Service]

    def url(self, ui: str) -> str:
        return getattr(self.place.settings, f"{ui}_url")

    def login(self, ui: str) -> tuple[str, str]:
        held = passwords(self.place)
        return USER, {"airflow": held.password}.get(ui) or getattr(held, ui)

    def programs(self, ui: str) -> list[psutil.Process]:
        """Give all processes of a UI: those that were started, and their children."""
        first = [psutil.Process(one.process.pid) for one in self.started if one.name.startswith(ui)]
        return [*first, *(child for one in first for child in one.children(recursive=True))]


@contextmanager
def running(home: Path):
    """Start the demo's services in a folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NIGHTLABEL_HOME", str(home))
        settings.cache_clear()
        place = make(Ports(free_port(), free_port(), free_port()))
        settings.cache_clear()
    with services.running(place) as started:
        paths = {"airflow": "/api/v2/version", "mlflow": "/health", "evidently": "/health"}
        for ui, path in paths.items():
            url = getattr(place.settings, f"{ui}_url") + path
            services.wait(started, lambda url=url: services.answers(url, 60), ui)
        made = Laptop(place, started)
        airflow = Airflow(made.url("airflow"), *made.login("airflow"))
        services.wait(started, lambda: all(map(airflow.has, DAGS)), "Airflow's DAGs")
        yield made


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def filled(path: str) -> str:
    """Give the path of a route with something for each of its parameters."""
    return re.sub(r"<[^>]+>|\{[^}]+\}", "1", path)


def kept(folder: Path) -> Iterator[tuple[Path, int, bytes]]:
    """Give path, mode and content of each file; what vanishes meanwhile, as journals do, is left out."""
    for place, _, names in os.walk(folder):
        for path in (Path(place, name) for name in names):
            with suppress(FileNotFoundError):
                if path.is_file():
                    with path.open("rb") as file:
                        yield path, stat.S_IMODE(os.fstat(file.fileno()).st_mode), file.read()


def holding(secrets: list[str], processes: Iterable[psutil.Process]) -> dict[str, list[str]]:
    """Give the variables and arguments that hold one of the secrets, by process; most processes have none."""
    found = {
        str(process): [name for name, value in told.items() if any(secret in value for secret in secrets)]
        for process, told in seen(processes, _told)
    }
    return {process: sorted(names) for process, names in found.items() if names}


def _told(process: psutil.Process) -> dict[str, str]:
    return process.environ() | {f"argument {at}": word for at, word in enumerate(process.cmdline())}
