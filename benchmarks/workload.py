"""The night that is measured: card files as the real ones are, made in place; one seed, the same bytes.

Purchases are those of the look-alike generator; every file of usual size is another client's. Beside the
quirks of the real data a few amounts are padded, about 3 in 1,000 are missing (`` -   ``), and some files
are faulty as a whole: empty, with a wrong header, or with a byte that the encoding does not have.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import cycle, islice

import numpy as np

from nightlabel.usecases.card_spending import lookalike

USECASE = "card_spending"
BUCKET = "lake"
DAY = date(2020, 1, 31)
"""The partition that is labelled."""
FEW_DAY = date(2020, 1, 30)
"""A partition with the first files of the same night, for what takes too long on all of them."""
FEW = 1_000
"""Number of those files."""

_ACCOUNT_ROWS = 100  # longest run of records of one account
_DISTINCT = 100_000  # purchases that are made; a longer night has them again, on other accounts
_PADDED = 20  # one in so many amounts has blanks around it
_FAULTY = 2_000  # files for one file of each fault
_HOMES = (
    *("SAO PAULO;SP", "CAMPINAS;SP", "SOROCABA;SP", "OSASCO;SP", "GUARULHOS;SP", "SANTOS;SP", "JUNDIAI;SP"),
    *("RIBEIRAO PRETO;SP", "NITEROI;RJ", "PETROPOLIS;RJ", "CABO FRIO;RJ", "CURITIBA;PR", "LONDRINA;PR"),
    *("PORTO ALEGRE;RS", "BELO HORIZONTE;MG", "SALVADOR;BA", "RECIFE;PE", "FORTALEZA;CE", "MANAUS;AM"),
)
_HEADER = f"{lookalike.HEADER.replace('grupo_estabelecimento;', '')}\r\n".encode()
_FAULTS: tuple[Callable[[bytes], bytes], ...] = (
    lambda _: b"",
    lambda body: body.replace(b";sexo;", b";sex;", 1),
    lambda body: body.replace(b";BR\r\n", b";B\xe9\r\n", 1),
)


@dataclass(frozen=True, slots=True)
class Night:
    """What lies in one partition.

    Attributes:
        files: Number of files.
        rows: Mean number of records of a file, >= 1.
        shape: Shape of the gamma distribution of the records of a file: 1 is as wide as the real files are,
            100 makes files of about one size.
        seed: The same seed, the same night.
    """

    files: int = 20_000
    rows: float = 10.5
    shape: float = 1.0
    seed: int = 1


LARGE = Night(files=20, rows=50_000, shape=100.0)
"""Few large files."""


def inbox(day: date = DAY) -> str:
    """Give the folder of a partition, below the bucket."""
    return f"{USECASE}/inbox/date={day}"


def files(night: Night) -> Iterator[tuple[str, bytes]]:
    """Make the files of a night, name and content."""
    rng = np.random.default_rng(night.seed)
    sizes = 1 + np.rint(rng.gamma(night.shape, (night.rows - 1) / night.shape, night.files)).astype(int)
    purchases = cycle(_purchases(rng, min(int(sizes.sum()), _DISTINCT), night.seed))
    accounts = iter(_accounts(rng, int((-(-sizes // _ACCOUNT_ROWS)).sum())))
    faults = _faults(rng, night.files)
    for number, size in enumerate(sizes.tolist()):
        parts = [_HEADER]
        for start in range(0, size, _ACCOUNT_ROWS):
            account = next(accounts)
            parts += [account + line for line in islice(purchases, min(_ACCOUNT_ROWS, size - start))]
        body = b"".join(parts)
        yield f"{number:07}.csv", faults[number](body) if number in faults else body


def _purchases(rng: np.random.Generator, records: int, seed: int) -> list[bytes]:
    """Take from look-alike lines what is not the account's: limit left, day, amount, place."""
    lines = lookalike.make(records, seed, first_day=DAY, days=1).split(b"\r\n")[1:-1]
    purchases = [lines[at].split(b";") for at in rng.permutation(records)]
    for fields in purchases[::_PADDED]:
        fields[9] = b" %s " % fields[9]
    return [b";".join((*fields[7:10], *fields[11:])) + b"\r\n" for fields in purchases]


def _accounts(rng: np.random.Generator, count: int) -> Iterator[bytes]:
    """Make accounts; like the real ids, most were damaged by a spreadsheet."""
    lowest, highest = (100, 0, 2009, 1, 0, 20, 0, 5), (1000, 10**8, 2019, 13, len(_HOMES), 60, 2, 150)
    for start, rest, year, month, home, age, sex, limit in rng.integers(lowest, highest, (count, 8)).tolist():
        client = f"{start // 100},{start % 100:02}E+11" if start % 10 else f"{start}{rest:08}"
        city, state = _HOMES[home].split(";")
        yield f"{client};{year}{month:02};{city:<22};{state:<3};{age};{'FM'[sex]};{limit * 100};".encode()


def _faults(rng: np.random.Generator, count: int) -> dict[int, Callable[[bytes], bytes]]:
    """Choose the files that are faulty as a whole."""
    chosen = rng.permutation(count)[: max(1, count // _FAULTY) * len(_FAULTS)]
    return {number: _FAULTS[at % len(_FAULTS)] for at, number in enumerate(chosen.tolist())}
