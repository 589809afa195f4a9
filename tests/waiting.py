"""Waits for what happens by itself."""

import time
from collections.abc import Callable
from typing import Any


def until(check: Callable[[], Any], seconds: float = 60) -> Any:
    """Wait until something holds, that long at most; gives what it is at last."""
    end = time.monotonic() + seconds
    while not (found := check()) and time.monotonic() < end:
        time.sleep(0.02)
    return found
