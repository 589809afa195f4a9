"""The demo's last step of an experiment, as a program of its own: ``python -m tests.laptop.deciding RUN``."""

import sys

from rich.console import Console

from demo import decision, signals, summary
from demo.place import Place, Ports
from nightlabel.settings import settings
from nightlabel.store import open_lake


def main(run: str, *, yes: bool) -> None:
    signals.listen()
    place, console = Place(Ports(), settings()), Console()
    place.airflow_home.mkdir(parents=True, exist_ok=True)
    left = decision.decide(console, place, open_lake(), run, yes=yes)
    summary.addresses(console, place, left)


main(sys.argv[1], yes="YES" in sys.argv)
