"""Labels a file with a line of 100 MB in a process of its own; prints by how many megabytes that grew it."""

import resource
import sys
from pathlib import Path

from nightlabel.store import open_uri
from tests.faults.cards import Shop, file, labelled_by, line, night_of, put
from tests.label.nights import DATE

MEGABYTE = 2**20
LINE = 100 * MEGABYTE


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main(root):
    lake, warm = (open_uri(Path(root, name).as_uri()) for name in ("lake", "warm"))
    night_of(warm, {"warm.csv": file(line())})
    put(lake, {"long.csv": file(line())})
    with Path(root, "lake/card_spending/inbox", f"date={DATE}", "long.csv").open("ab") as long:
        long.writelines(b"x" * MEGABYTE for _ in range(LINE // MEGABYTE))
        long.write(f"\r\n{line()}\r\n".encode())
    before = peak()
    labelled_by(lake, Shop())
    grown = peak() - before
    night = night_of(lake, {})
    print(grown, night.labelled["long.csv"], night.codes("long.csv"))  # noqa: T201 - a test reads it


if __name__ == "__main__":
    main(*sys.argv[1:])
