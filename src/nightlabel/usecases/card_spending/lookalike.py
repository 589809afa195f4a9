"""Makes card files that look like the real one, which may not be shipped; and a nightly inbox out of any.

Every value comes from the tables and distributions below. The quirks of the format are kept: Mac Roman,
CRLF, padded cities, decimal commas, thousands dots, missing amounts, damaged and shared ids, dates
``d.mm.yyyy``, the acquirers' spellings of cities, a few exact duplicates, blocks by client.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nightlabel.errors import RefusedError

HEADER = (
    "id;safra_abertura;cidade;estado;idade;sexo;limite_total;limite_disp;data; valor ;"
    "grupo_estabelecimento;cidade_estabelecimento;pais_estabelecimento"
)
CLIENTS = 29
FIRST_DAY = date(2019, 4, 1)
DAYS = 366

_LABEL = b"grupo_estabelecimento"
_ACCOUNT = (b"safra_abertura", b"cidade", b"estado", b"idade", b"sexo")
_TASTE = 0.7  # how much clients differ in their categories
_BLUR = 1.15  # how much wider amounts spread than the tables say
_ANY_TRADE = 0.25  # share of purchases whose booking place and cents tell nothing of the category
_AT_HOME = 0.75  # share of purchases on the spot that are made in the client's city
_RARE = 0.06  # share of purchases in a place that few others name
_ABROAD_SHARE = 0.005
_MISSING = 0.0006  # share of amounts that are missing for no reason
_DUPLICATES = 0.0008  # share of rows that repeat another
_NO_CENTS, _HALF, _NINETY, _ANY = range(4)  # endings of an amount: ,00  ,50  ,90 or ,99  anything


class _Trade(NamedTuple):
    """How purchases of one category look."""

    name: str
    weight: float  # relative frequency
    median: float  # R$
    spread: float  # standard deviation of the amount's natural logarithm
    endings: tuple[float, float, float, float]  # shares of ,00  ,50  ,90 or ,99  anything
    hub: str  # where the acquirer books it, if not on the spot
    at_hub: float  # share of purchases that are booked there
    spelling: int  # how the acquirer writes cities, see ``_SPELLINGS``


_TRADES = (
    _Trade("SERVIÇO", 37.0, 14, 0.75, (0.05, 0.05, 0.20, 0.70), "SAO PAULO", 0.85, 0),
    _Trade("RESTAURANTE", 17.5, 36, 0.80, (0.35, 0.15, 0.35, 0.15), "SAO PAULO", 0.25, 0),
    _Trade("VAREJO", 11.5, 60, 1.00, (0.40, 0.05, 0.30, 0.25), "SAO PAULO", 0.30, 0),
    _Trade("SUPERMERCADOS", 9.5, 75, 0.90, (0.02, 0.02, 0.06, 0.90), "BARUERI", 0.05, 0),
    _Trade("VESTUARIO", 5.0, 150, 0.70, (0.30, 0.00, 0.65, 0.05), "SAO PAULO", 0.25, 0),
    _Trade("FARMACIAS", 4.4, 48, 0.70, (0.02, 0.03, 0.05, 0.90), "SANTO ANDRE", 0.30, 0),
    _Trade("POSTO DE GAS", 4.0, 80, 0.45, (0.80, 0.05, 0.00, 0.15), "", 0.00, 0),
    _Trade("M.O.T.O.", 3.8, 45, 0.95, (0.10, 0.02, 0.68, 0.20), "OSASCO", 0.75, 1),
    _Trade("ARTIGOS ELETRO", 2.5, 28, 0.80, (0.05, 0.00, 0.90, 0.05), "415-555-0134", 0.45, 2),
    _Trade("LOJA DE DEPART", 1.6, 90, 0.90, (0.05, 0.00, 0.85, 0.10), "SAO PAULO", 0.30, 0),
    _Trade("CIA AEREAS", 0.8, 430, 0.80, (0.05, 0.00, 0.15, 0.80), "BRASILIA", 0.70, 1),
    _Trade("HOTEIS", 0.5, 180, 0.90, (0.70, 0.05, 0.05, 0.20), "RIO DE JANEIRO", 0.40, 3),
    _Trade("SEM RAMO", 0.4, 40, 0.80, (0.50, 0.10, 0.20, 0.20), "5,51E+11", 0.40, 0),
    _Trade("HOSP E CLINICA", 0.4, 350, 0.90, (0.90, 0.05, 0.00, 0.05), "", 0.00, 0),
    _Trade("MOVEIS E DECOR", 0.3, 380, 0.90, (0.40, 0.00, 0.50, 0.10), "", 0.00, 0),
    _Trade("MAT CONSTRUCAO", 0.3, 70, 1.00, (0.10, 0.05, 0.45, 0.40), "", 0.00, 0),
    _Trade("AUTO PEÇAS", 0.3, 300, 0.80, (0.95, 0.00, 0.00, 0.05), "", 0.00, 0),
    _Trade("AGENCIA DE TUR", 0.3, 800, 0.70, (0.15, 0.00, 0.05, 0.80), "CAMPINAS", 0.60, 1),
    _Trade("TRANS FINANC", 0.2, 1, 0.10, (0.25, 0.25, 0.25, 0.25), "", 0.00, 0),
    _Trade("JOALHERIA", 0.13, 250, 0.60, (0.50, 0.00, 0.50, 0.00), "", 0.00, 0),
    _Trade("INEXISTENTE", 0.08, 3000, 0.80, (0.20, 0.00, 0.00, 0.80), "", 0.00, 0),
    _Trade("ALUG DE CARROS", 0.03, 600, 0.40, (0.30, 0.00, 0.00, 0.70), "BELO HORIZONTE", 0.80, 0),
)
_WITHOUT_AMOUNT = "TRANS FINANC"
_HOMES = (
    ("SAO PAULO", "SP"),
    ("SAO PAULO", "SP"),
    ("SAO PAULO", "SP"),
    ("CAMPINAS", "SP"),
    ("SOROCABA", "SP"),
    ("RIBEIRAO PRETO", "SP"),
    ("TAUBATE", "SP"),
    ("PIRACICABA", "SP"),
    ("NITEROI", "RJ"),
    ("PETROPOLIS", "RJ"),
)
_AWAY = ("SAO PAULO", "SANTOS", "UBATUBA", "ATIBAIA", "PARATY", "CABO FRIO", "LIMEIRA", "ITU", "AMPARO", "")
_SPELLINGS: tuple[Callable[[str], str], ...] = (
    str,
    str.title,
    lambda city: city.replace(" ", ""),
    lambda city: city.title().replace(" ", ""),
)
_ABROAD = ("US", "CL", "PT")
_RARE_FIRST = ("VILA", "PORTO", "NOVA", "SANTA", "MONTE", "LAGOA", "SERRA", "CAMPO", "BELA", "ILHA", "BARRA")
_RARE_LAST = ("AZUL", "VERDE", "ALTA", "REAL", "BONITA", "CLARA", "FUNDA", "GRANDE", "LINDA", "PRETA", "RASA")
_WHOLE_IDS = 4  # clients whose id no spreadsheet damaged
_THOUSAND = 1000


@dataclass(frozen=True)
class _World:
    """The clients and their habits; the same for every period of one seed."""

    prefixes: list[str]
    homes: list[str]
    limits: NDArray[np.int64]
    activity: NDArray[np.float64]
    taste: NDArray[np.float64]


def make(records: int, seed: int, *, first_day: date = FIRST_DAY, days: int = DAYS) -> bytes:
    """Make a labelled card file.

    Args:
        records: Number of lines after the header.
        seed: Names the clients and their habits; the same seed gives the same bytes.
        first_day: First day of the purchases. Another first day gives new purchases of the same clients.
        days: Length of the period, days.

    Returns:
        The file in Mac Roman with CRLF, in blocks by client.
    """
    world = _world(np.random.default_rng(seed))
    rng = np.random.default_rng([seed, first_day.toordinal(), days])
    clients = np.sort(rng.choice(CLIENTS, records, p=world.activity))
    trades = _choose(rng, world.taste[clients])
    cents = _cents(rng, trades)
    offsets = rng.integers(days, size=records)
    limits = _limits(rng, world.limits[clients], offsets, cents)
    lines = [
        f"{world.prefixes[client]};{limit};{left};{_day(first_day, offset)};"
        f"{_amount(rng, trade, amount)};{_TRADES[trade].name};{_place(rng, world.homes[client], trade)}"
        for client, trade, amount, offset, (limit, left) in zip(
            clients.tolist(), trades.tolist(), cents.tolist(), offsets.tolist(), limits.tolist(), strict=True
        )
    ]
    for row in rng.integers(1, max(records, 2), size=round(records * _DUPLICATES) if records > 1 else 0):
        lines[row] = lines[row - 1]
    return "".join(f"{line}\r\n" for line in (HEADER, *lines)).encode("mac_roman")


def inbox(payload: bytes, *, undated: date) -> dict[str, bytes]:
    """Split a labelled card file into the files of its nights: one per account and day, without labels.

    Every line is kept byte for byte but for its label, so faults stay what they are. A line that names no
    day, or has another number of fields than the header, goes to ``undated.csv``.

    Args:
        payload: The labelled file, in any encoding that keeps ASCII.
        undated: The night that gets the lines without a day.

    Returns:
        Content by key below the inbox, such as ``date=2019-12-04/account-007.csv``. Accounts are numbered
        in the order in which they appear, so a key tells nothing of a client.

    Raises:
        RefusedError: ``NL-A004`` the header misses a column that is needed to split.
    """
    header, *lines = [line for line in payload.split(b"\n") if line.strip()] or [HEADER.encode()]
    names = [name.strip() for name in header.split(b";")]
    if missing := [name.decode() for name in (_LABEL, b"data", *_ACCOUNT) if name not in names]:
        raise RefusedError(
            f"the header misses {missing}",
            code="NL-A004",
            kept="everything: nothing was made",
            advice="give a file with the header of this use case, labels among them",
            missing=missing,
        )
    label, day = names.index(_LABEL), names.index(b"data")
    accounts: dict[tuple[bytes, ...], int] = {}
    files: dict[str, list[bytes]] = {}
    for line in lines:
        fields = line.split(b";")
        whole = len(fields) == len(names)
        night = _night(fields[day]) if whole else None
        if night:
            account = tuple(fields[names.index(name)] for name in _ACCOUNT)
            key = f"date={night}/account-{accounts.setdefault(account, len(accounts) + 1):03}.csv"
        else:
            key = f"date={undated}/undated.csv"
        files.setdefault(key, [_without(header, label)]).append(_without(line, label))
    return {key: b"\n".join(content) + b"\n" for key, content in sorted(files.items())}


def _without(line: bytes, position: int) -> bytes:
    fields = line.split(b";")
    return b";".join(fields[:position] + fields[position + 1 :])


def _night(text: bytes) -> date | None:
    found = re.fullmatch(rb"(\d{1,2})\.(\d{2})\.(\d{4})", text)
    try:
        return date(*map(int, reversed(found.groups()))) if found else None
    except ValueError:
        return None


def _world(rng: np.random.Generator) -> _World:
    weights = np.array([trade.weight for trade in _TRADES])
    taste = weights * np.exp(rng.normal(0, _TASTE, (CLIENTS, len(_TRADES))))
    activity = np.exp(rng.normal(0, 0.8, CLIENTS))
    starts = rng.choice(np.arange(100, 1000), CLIENTS - 1, replace=False).tolist()
    ids = [_client_id(rng, start, whole=client < _WHOLE_IDS) for client, start in enumerate(starts)]
    ids.append(ids[-1])  # one id stands for two people
    homes = [_HOMES[client % len(_HOMES)] for client in range(CLIENTS)]
    people = [
        f"{ids[client]};{_month(rng)};{city:<22};{state:<3};{rng.integers(20, 60)};{'FM'[rng.integers(2)]}"
        for client, (city, state) in enumerate(homes)
    ]
    return _World(
        prefixes=people,
        homes=[city for city, _ in homes],
        limits=rng.integers(5, 150, CLIENTS) * 100,
        activity=activity / activity.sum(),
        taste=taste / taste.sum(axis=1, keepdims=True),
    )


def _client_id(rng: np.random.Generator, start: int, *, whole: bool) -> str:
    return f"{start}{rng.integers(10**7, 10**8)}" if whole else f"{start // 100},{start % 100:02}E+11"


def _month(rng: np.random.Generator) -> str:
    return f"{rng.integers(2009, 2019)}{rng.integers(1, 13):02}"


def _choose(rng: np.random.Generator, shares: NDArray[np.float64]) -> NDArray[np.int64]:
    reached = rng.random((len(shares), 1)) < shares.cumsum(axis=1)
    chosen: NDArray[np.int64] = reached.argmax(axis=1)
    return chosen


def _cents(rng: np.random.Generator, trades: NDArray[np.int64]) -> NDArray[np.int64]:
    medians = np.array([trade.median for trade in _TRADES])[trades]
    spreads = np.array([trade.spread for trade in _TRADES])[trades]
    told = np.where(rng.random(len(trades)) < _ANY_TRADE, rng.integers(6, size=len(trades)), trades)
    ending = _choose(rng, np.array([trade.endings for trade in _TRADES])[told])
    cents = np.rint(100 * medians * np.exp(_BLUR * rng.normal(0, spreads))).astype(np.int64)
    tail = np.select(
        [ending == _NO_CENTS, ending == _HALF, ending == _NINETY],
        [0, 50, rng.choice((90, 99), len(trades))],
        rng.integers(0, 100, len(trades)),
    )
    amounts: NDArray[np.int64] = np.maximum(cents // 100, 1) * 100 + tail
    return amounts


def _limits(
    rng: np.random.Generator, totals: NDArray[np.int64], offsets: NDArray[np.int64], cents: NDArray[np.int64]
) -> NDArray[np.int64]:
    raised = totals + 100 * (offsets > DAYS // 2) * (totals % 300 == 0)  # some limits change with time
    left = (raised * rng.beta(1.2, 1.2, len(totals)) * 1.25 - cents // 100).astype(np.int64)
    return np.column_stack([raised, np.maximum(left, 1)])


def _day(first: date, offset: int) -> str:
    day = first + timedelta(days=offset)
    return f"{day.day}.{day:%m.%Y}"


def _amount(rng: np.random.Generator, trade: int, cents: int) -> str:
    if _TRADES[trade].name == _WITHOUT_AMOUNT or rng.random() < _MISSING:
        return " -   "
    whole, rest = divmod(cents, 100)
    if whole >= _THOUSAND:
        return f"{whole:,}".replace(",", ".") + f",{rest:02}"
    return f"{whole},{rest:02}".rstrip("0").rstrip(",") if rest else str(whole)


def _place(rng: np.random.Generator, home: str, trade: int) -> str:
    habit = _TRADES[trade if rng.random() > _ANY_TRADE else 0]
    spell = _SPELLINGS[rng.choice(4, p=(0.85, 0.05, 0.02, 0.08))]
    if rng.random() < _RARE:
        city = f"{rng.choice(_RARE_FIRST)} {rng.choice(_RARE_LAST)}"
    elif rng.random() < habit.at_hub:
        city, spell = habit.hub, _SPELLINGS[habit.spelling]
    else:
        city = home if rng.random() < _AT_HOME else _AWAY[rng.integers(len(_AWAY))]
    country = rng.choice(_ABROAD) if rng.random() < _ABROAD_SHARE else "BR" * bool(city)
    return f"{spell(city)[:13]};{country}"
