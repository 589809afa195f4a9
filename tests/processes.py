"""Looks at processes of this machine, each of which may end between two looks."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import TypeVar

import psutil

Found = TypeVar("Found")


def seen(
    processes: Iterable[psutil.Process], look: Callable[[psutil.Process], Found]
) -> Iterator[tuple[psutil.Process, Found]]:
    """Give each process with what a look at it finds; one that ended before the look is left out."""
    for process in processes:
        with suppress(psutil.NoSuchProcess, ProcessLookupError):
            yield process, look(process)
