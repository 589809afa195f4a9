"""Lists a prefix as one table, without an object of Python's for each key.

S3 gives a thousand keys an answer, and each answer comes late. It gives them in the order of keys, from any
key on, so several ranges of keys are read side by side. Where the keys lie is not known before: whoever
reads a range gives parts of what is left of it to readers that have nothing to do.
"""

import threading
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from queue import SimpleQueue

import pyarrow as pa
import pyarrow.compute as pc
from obstore.store import S3Store

from nightlabel.errors import UnavailableError, plain
from nightlabel.store.store import Store

COLUMNS = pa.schema([("key", pa.string()), ("version", pa.string()), ("size", pa.int64())])
"""What ``Entry`` holds, as columns."""

READERS = 16
"""Answers that are waited for at the same time."""

PAGE = 1000
"""Keys of a full answer of S3."""

_LAST = "~"  # stands behind all letters and digits
_SAMPLED = 16  # keys of a page whose characters are taken for those of all keys
_DIGITS = 12  # characters behind the common start of two keys by which a range is cut


class _UnorderedError(Exception):
    """The store gives keys in another order than that of their bytes."""


def table(store: Store, prefix: str) -> pa.Table:
    """List all objects below a prefix of whole path segments.

    Args:
        store: The store.
        prefix: The prefix, without a trailing slash.

    Returns:
        ``COLUMNS``, in the order of keys.

    Raises:
        UnavailableError: ``NL-B001``, the store did not answer, or names a key more than once.
    """
    if isinstance(store.backend, S3Store):
        try:
            return _Listing(store, prefix).read()
        except _UnorderedError:
            pass  # such as a directory bucket, which cannot be read by ranges
    rows = _joined(_columns(page) for page in store.pages(prefix))
    rows = rows.take(pc.sort_indices(rows.column("key")))
    _require_once(rows.column("key").combine_chunks(), prefix)
    return rows


@dataclass(slots=True)
class _Range:
    """The keys behind ``after``, up to and with ``until``; all that follow if that is empty."""

    after: str
    until: str
    pages: list[pa.RecordBatch] = field(default_factory=list)


class _Listing:
    """One listing by many readers."""

    def __init__(self, store: Store, prefix: str) -> None:
        self._store, self._prefix = store, prefix
        self._ranges = [_Range("", "")]
        self._free: SimpleQueue[_Range | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._reading, self._idle, self._budget = 1, 0, READERS
        self._error: BaseException | None = None

    def read(self) -> pa.Table:
        """List with one reader; with all of them where the first answer is not the last one."""
        threads = [threading.Thread(target=self._run, daemon=True) for _ in range(READERS - 1)]
        pages = self._pages(self._ranges[0])
        if next(pages, False):
            self._idle = len(threads)
            self._share(self._ranges[0])
            for thread in threads:
                thread.start()
            self._finish(self._ranges[0], pages)
            self._run()
            for thread in threads:
                thread.join()
        if self._error:
            raise self._error
        ordered = sorted(self._ranges, key=lambda part: part.after)
        return _joined(page for part in ordered for page in part.pages)

    def _run(self) -> None:
        while part := self._free.get():
            self._finish(part, self._pages(part))

    def _finish(self, part: _Range, pages: Iterator[bool]) -> None:
        try:
            for more in pages:
                if more:
                    self._share(part)
        except BaseException as error:  # noqa: BLE001 - it is raised where the listing was asked for
            self._error = self._error or error
        with self._lock:
            self._reading, self._idle = self._reading - 1, self._idle + 1
            if not self._reading:
                for _ in range(READERS):
                    self._free.put(None)

    def _pages(self, part: _Range) -> Iterator[bool]:
        """Read the pages of a range; tells after each whether more may follow."""
        last = part.after
        if self._error:
            return
        for raw in self._store.pages(self._prefix, after=last):
            page = _columns(raw)
            keys = page.column("key")
            _require_order(keys, last)
            last = keys[-1].as_py()
            inside = pc.sum(pc.less_equal(keys, part.until)).as_py() if part.until else len(keys)
            part.pages.append(page.slice(0, inside))
            if inside < len(keys) or self._error:
                return
            yield len(keys) >= PAGE

    def _share(self, part: _Range) -> None:
        """Cut what is left of a range, as often as there are readers with nothing to do."""
        with self._lock:
            self._budget += 1
            number = min(self._idle, self._budget)
            cuts = _cuts(part.pages[-1].column("key"), part.until, self._prefix, number)
            behind = [_Range(*bounds) for bounds in pairwise([*cuts, part.until])]
            part.until = cuts[0] if cuts else part.until
            self._ranges += behind
            self._reading += len(behind)
            self._idle -= len(behind)
            self._budget -= len(behind)
        for other in behind:
            self._free.put(other)


def _cuts(keys: pa.StringArray, until: str, prefix: str, number: int) -> list[str]:
    """Cut the keys that follow a page into parts.

    An open end is looked for by leaving the start of the page's keys character by character: numbered keys
    get parts of tenfold length.

    Args:
        keys: The page; its last key is the lower end.
        until: The upper end; empty if it is open.
        prefix: The common start of all keys.
        number: Number of cuts, at most.

    Returns:
        Strings between the ends, in ascending order; none where no page lies between, as far as can be told.
    """
    sample: list[str] = keys.take(pa.array(range(0, len(keys), -(-len(keys) // _SAMPLED)))).to_pylist()
    last: str = keys[-1].as_py()
    if until:
        return _even(sample, last, until, number)
    start = _common([*sample, last])
    found = (last[:at] + _LAST for at in range(start, len(prefix), -1))
    return [cut for cut in found if cut > last][:number]


def _even(sample: list[str], last: str, until: str, number: int) -> list[str]:
    """Cut into parts of equal width, and not into shorter ones than the page.

    The keys are read as numbers behind the common start of both ends; the digits of these numbers are the
    letters and digits that the page's keys have there.
    """
    start = _common([last, until])
    end = _common([key[::-1] for key in sample])
    seen = {c for key in (*sample, last, until) for c in key[start : len(key) - end]}
    digits = sorted(c for c in seen if c.isascii() and c.isalnum())
    first, low = (_number(key[start:], digits) for key in (sample[0], last))
    high = _number(until[start:], digits, up=True)
    if sample[0].startswith(last[:start]):
        number = min(number, (high - low) // max(1, low - first))
    steps = (low + (high - low) * n // (number + 1) for n in range(1, number + 1))
    found = sorted({last[:start] + _text(step, digits) for step in steps})
    return [cut for cut in found if last < cut < until]


def _common(texts: list[str]) -> int:
    """Count the characters with which all texts start."""
    first, last = min(texts), max(texts)
    differ = (at for at, (a, b) in enumerate(zip(first, last, strict=False)) if a != b)
    return next(differ, len(first))


def _number(text: str, digits: list[str], *, up: bool = False) -> int:
    """Read a text as a number, to its first character that is no digit; rounded down there, or up."""
    value, base = 0, len(digits) + 1
    for at in range(_DIGITS):
        place = bisect_right(digits, text[at]) if at < len(text) else 0
        value = value * base + place
        if at < len(text) and (not place or digits[place - 1] != text[at]):
            return (value + up) * int(base ** (_DIGITS - 1 - at))
    return value


def _text(value: int, digits: list[str]) -> str:
    """Give the text of a number, up to its first digit that stands for no character."""
    places = [value // (len(digits) + 1) ** at % (len(digits) + 1) for at in reversed(range(_DIGITS))]
    return "".join(digits[place - 1] for place in places[: [*places, 0].index(0)])


def _require_order(keys: pa.StringArray, last: str) -> None:
    ascending = pc.less(keys[:-1], keys[1:], memory_pool=pa.system_memory_pool())
    if not pc.all(ascending, min_count=0).as_py() or keys[0].as_py() <= last:
        raise _UnorderedError


def _require_once(ordered: pa.StringArray, prefix: str) -> None:
    repeated = ordered[1:].filter(pc.equal(ordered[:-1], ordered[1:]))
    if len(repeated):
        raise UnavailableError(
            f"the store names {plain(repeated[0].as_py())[:200]!r} and {len(repeated) - 1} other keys twice",
            code="NL-B001",
            kept="everything; nothing was taken from this listing",
            advice="run the step again; if it stays, look at the store",
            operation="list",
            key=prefix,
        )


def _columns(page: pa.RecordBatch) -> pa.RecordBatch:
    """Give a page as ``COLUMNS``, copied: what is left of obstore's page would be held beside it.

    The memory is the system's: the usual pool holds some of its own for each reader.
    """
    pool = pa.system_memory_pool()
    key = pc.take(page.column("path"), pa.arange(0, len(page), memory_pool=pool), memory_pool=pool)
    tag = pc.coalesce(page.column("e_tag"), pa.scalar(""), memory_pool=pool)
    version = pc.utf8_trim(tag, '"', memory_pool=pool)
    size = pc.cast(page.column("size"), pa.int64(), memory_pool=pool)
    return pa.record_batch([key, version, size], schema=COLUMNS)


def _joined(pages: Iterable[pa.RecordBatch]) -> pa.Table:
    return pa.Table.from_batches(list(pages), COLUMNS)
