"""What a pod said: it keeps its answer in the lake, below the folder of its run and by its own name.

Airflow's sidecar for results would need an image and rights of its own, and ends with the pod.
"""

from collections.abc import Mapping
from typing import Any

from nightlabel_airflow.commands import parsed


def folder(usecase: str, options: Mapping[str, Any]) -> str:
    """Give the folder of a run, as the steps have it: of a night where there is a date."""
    if date := options.get("date"):
        return f"{usecase}/nights/{date}/{options['run']}"
    return f"{usecase}/experiments/{options['run']}"


def key(place: str, pod: str) -> str:
    """Give the key of the answer of one pod, below a run's folder."""
    return f"{place}/answers/{pod}.json"


def read(key: str) -> dict[str, Any] | None:
    """Give the answer, or nothing where the pod left none.

    Raises:
        UnavailableError: The store did not answer.
    """
    lake = _lake()
    return parsed(lake.get(key)) if lake.head(key) else None


def note(key: str, text: str) -> bool:
    """Leave a note; give whether it is the first one of this key."""
    return bool(_lake().create(key, text.encode()))


def noted(key: str) -> bool:
    """Tell whether there is a note of this key."""
    return _lake().head(key) is not None


def _lake() -> Any:
    from nightlabel.store import open_lake  # noqa: PLC0415 - a DAG file that is parsed needs no store

    return open_lake()
