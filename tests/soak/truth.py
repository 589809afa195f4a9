"""What must stand in the table, told from the files alone and by rules that are no part of the engine."""

import hashlib
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from tests.label.nights import DATE, NEXT, Parity, champion

DATES = (DATE, NEXT)
ODD = {"1": "odd", "2": "other"}
"""What each version of the model says to words of odd length."""

WORDS = ("cat", "frog", "horse", "ox")
UNREAD = "NL-B010"
"""The code of a file that changed or vanished between plan and reading."""


class Row(NamedTuple):
    """One row of the table, of which no other may have the same first three cells."""

    source: str
    version: str
    row: int | None
    outcome: str
    said: str
    model: str


def sha256_of(model):
    return hashlib.sha256(f"model {model}".encode()).hexdigest()


SHA256 = {sha256_of(model): model for model in ODD}


def pinned(model):
    """The model as the registry gives it."""
    return champion(model, sha256_of(model))


def labeller(sha256):
    return Parity(sha256, odd=ODD[SHA256[sha256]])


def payload(chance, number):
    """Some bytes that no other number gives, mostly good records."""
    if chance.random() < 0.05:
        return b"word;amount\n\xff;%d" % number
    kinds = ("{word};{n}", "{word};{n}", "{word};{n}.50", "{word}", "{word};x{n}")
    records = chance.randrange(5)
    lines = [
        chance.choice(kinds).format(word=chance.choice(WORDS), n=number * 10 + k) for k in range(records)
    ]
    return "\n".join((f"word;amount;column{number}", *lines)).encode()


def said(line, model):
    """Outcome and label of one line, or its code."""
    cells = line.split(";")
    if len(cells) != 2:
        return "quarantined", "NL-A005"
    word, amount = cells
    try:
        Decimal(amount)
    except InvalidOperation:
        return "quarantined", "NL-A009"
    return "labelled", ODD[model] if len(word) % 2 else "even"


def rows(source, version, data, model):
    """The rows of one file."""
    try:
        lines = data.decode().splitlines()[1:]
    except UnicodeDecodeError:
        return [Row(source, version, None, "quarantined", "NL-A001", model)]
    return [Row(source, version, n, *said(line, model), model) for n, line in enumerate(lines)]


def unread(source, version, model):
    """The row of a file that was not what its plan had pinned."""
    return Row(source, version, None, "quarantined", UNREAD, model)
