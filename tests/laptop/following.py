"""The demo's progress of a scripted run that ends in a state or ``never``: an argument says which."""

import sys
from itertools import count

from rich.console import Console

from demo import progress, signals
from demo.place import DemoError, Place, Ports
from demo.stage import Stage
from nightlabel.settings import settings

DAG, RUN = "experiment__card_spending", "demo"


class Script:
    """Plays a run: one task works, then it ends as asked and the other one follows from it."""

    def __init__(self, end: str) -> None:
        self.end, self.looks = end, count()

    def order(self, dag_id: str) -> list[str]:
        return ["validate", "train"]

    def state(self, dag_id: str, run_id: str) -> str:
        self.ended = next(self.looks) >= 2 and self.end != "never"
        return self.end if self.ended else "running"

    def tasks(self, dag_id: str, run_id: str) -> list[dict]:
        ends = {"success": ("success", "success"), "failed": ("failed", "upstream_failed")}
        states = ends[self.end] if self.ended else ("running", None)
        return [task("train", states[1], 0, "linear"), task("validate", states[0])]


def task(name: str, state: str | None, index: int = -1, shown: str = "") -> dict:
    mapped = {"map_index": index, "rendered_map_index": shown, "try_number": 1}
    began = "2026-01-31T00:00:00Z" if state else None
    return {"task_id": name, "state": state, "start_date": began, "duration": 1.5, **mapped}


def main(end: str) -> None:
    signals.listen()
    progress.POLL_SECONDS = 0.01
    try:
        progress.follow(Stage(Place(Ports(), settings()), [], Script(end), None), Console(), DAG, RUN)
    except DemoError as error:
        print(error)  # noqa: T201 - what the demo prints as well
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


main(sys.argv[1])
