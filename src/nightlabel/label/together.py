"""Which files are read and labelled together, and where a long one is cut."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from nightlabel.contract.delimited import Delimited
from nightlabel.label.inputs import Input
from nightlabel.label.longfile import LongFile
from nightlabel.label.requests import Request

_LONG = 4
"""Batches' worth of bytes up to which a file is read whole. A longer one of declared text is cut at line ends
and read twice; one of another format is read whole, too."""

_FIRST = 128
"""Files of the first batch; each next one has twice as many, up to the bound: work begins before thousands of
files have come."""


@dataclass(frozen=True, slots=True)
class Together:
    """Requests whose answers make a batch: small files, or one part of a long one in one of its passes."""

    requests: Sequence[Request]
    long: LongFile | None = None
    take: bool = False


def together(
    files: Iterable[Input], text: Delimited | None, batch_files: int, batch_bytes: int
) -> Iterator[Together]:
    """Put files together in their order.

    Args:
        files: The pinned files.
        text: Their declared text format; nothing for another format, whose files are never cut.
        batch_files: Files of one batch, at most.
        batch_bytes: Bytes of one batch of small files, and of one part of a long file.
    """
    group, held, most = list[Request](), 0, min(_FIRST, batch_files)
    for file in files:
        is_long = text is not None and file.size > _LONG * batch_bytes
        if group and (is_long or held + file.size > batch_bytes or len(group) >= most):
            yield Together(group)
            group, held, most = [], 0, min(2 * most, batch_files)
        if text is not None and is_long:
            yield from _passes(text, file, batch_bytes)
        else:
            group.append(Request(file))
            held += file.size
    if group:
        yield Together(group)


def _passes(text: Delimited, file: Input, batch_bytes: int) -> Iterator[Together]:
    """Give all parts of a long file to be looked at, and then all of them to be taken."""
    long = LongFile(text, file)
    for take in (False, True):
        for start in range(0, file.size, batch_bytes):
            yield Together([Request(file, start, min(start + batch_bytes, file.size))], long, take)
