"""Kill nights at random moments, for as long as asked: ``make soak ROUNDS=1000``.

Rounds are numbered by seeds; that of a failed one is printed, and ``make soak SEED=n ROUNDS=1`` repeats it.
"""

import argparse
import sys
import time
from collections import Counter

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from tests.soak.rounds import COUNTED
from tests.soak.sites import sites

NAMED = 3  # violations of one round that are printed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--seed", type=int, help="of the first round; without one, the time decides")
    parser.add_argument("--mutant", default="", help="break the engine, as tests/soak/mutants.py names it")
    asked = parser.parse_args()
    first = asked.seed if asked.seed is not None else int(time.time())
    total = Counter(dict.fromkeys(COUNTED, 0))
    console, failed = Console(), 0
    with sites() as lakes, _bar(console) as bar:
        task = bar.add_task("soak", total=asked.rounds)
        for seed in range(first, first + asked.rounds):
            found = lakes.play(seed, asked.mutant)
            total.update(found.counted)
            failed += bool(found.violations)
            total["violations"] += len(found.violations)
            _tell(bar.console, found)
            bar.update(task, advance=1, description=f"seed {seed}, {total['violations']} violations")
    console.print(_table(total, first))
    sys.exit(bool(failed))


def _bar(console):
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
    return Progress(*columns, console=console)


def _tell(console, found):
    if found.violations:
        console.print(f"[red]seed {found.seed}:[/] make soak SEED={found.seed} ROUNDS=1")
    for violation in found.violations[:NAMED]:
        console.print(f"  {violation}", markup=False, highlight=False)


def _table(total, first):
    table = Table(title=f"soak from seed {first}")
    table.add_column("what")
    table.add_column("how often", justify="right")
    for name in (*COUNTED, "violations"):
        table.add_row(name, f"{total[name]:,}")
    return table


if __name__ == "__main__":
    main()
