"""Many files as one chunk, parsed by column with pyarrow: what a skilled user writes, without validation."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from benchmarks.engines.task import NAMES, NUMBERS, TEXTS
from nightlabel.validate import typed

BYTES = 8 * 1024 * 1024
"""What is parsed and labelled at once: some 8,000 files of usual size."""


def cut(listed: Iterable[tuple[str, int]]) -> Iterator[list[str]]:
    """Cut a listing into chunks of whole files.

    Args:
        listed: Keys and sizes in bytes.

    Yields:
        Keys of about ``BYTES`` together.
    """
    keys, held = list[str](), 0
    for key, size in listed:
        keys.append(key)
        held += size
        if held >= BYTES:
            yield keys
            keys, held = [], 0
    if keys:
        yield keys


def records(sources: Sequence[str], payloads: Sequence[bytes]) -> pd.DataFrame:
    """Parse files, by position: the first line of each is skipped, whatever it says.

    Args:
        sources: Key of each file.
        payloads: Its bytes.

    Returns:
        The records that can be parsed, with ``source`` and ``row``.
    """
    starts = [payload.find(b"\n") + 1 for payload in payloads]
    body = b"".join([payload[start:] for payload, start in zip(payloads, starts, strict=True)])
    lines = np.array([payload.count(b"\n", start) for payload, start in zip(payloads, starts, strict=True)])
    first = np.repeat(np.cumsum(lines) - lines, lines)
    table = _parsed(body)
    table = table.append_column(
        "source", pa.array(sources, pa.string()).take(np.repeat(np.arange(len(lines)), lines))
    )
    return typed(table.append_column("row", pa.array(np.arange(len(first)) - first)).drop_null())


def _parsed(body: bytes) -> pa.Table:
    if not body.isascii():
        body = body.decode("mac_roman").encode()
    text = csv.read_csv(pa.py_buffer(body), *_options())
    columns = {name: pc.utf8_trim(text[name], " ") for name in TEXTS}
    columns["data"] = pc.strptime(text["data"], "%d.%m.%Y", "s", error_is_null=True).cast(pa.date32())
    columns["valor"] = _amounts(text["valor"])
    return pa.table({name: columns.get(name, text[name]) for name in NAMES})


def _amounts(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    plain = pc.replace_substring(pc.replace_substring(pc.utf8_trim(texts, " "), ".", ""), ",", ".")
    return pc.if_else(pc.equal(plain, "-"), pa.scalar(None, pa.string()), plain).cast(pa.float64())


@cache
def _options() -> tuple[Any, ...]:
    kinds = {name: pa.int32() if name in NUMBERS else pa.string() for name in NAMES}
    return (
        csv.ReadOptions(use_threads=False, column_names=NAMES, block_size=2**30),
        csv.ParseOptions(delimiter=";", quote_char=False),
        csv.ConvertOptions(column_types=kinds, strings_can_be_null=False, null_values=[], check_utf8=False),
    )
