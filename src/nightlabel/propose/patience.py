"""Waits as a service tells, within a bound."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from nightlabel import log
from nightlabel.errors import UnavailableError

SECONDS = 300.0
"""Longest time that one conversation waits, in all; well below the hour that an App's token lives."""
UNTOLD = 60.0
"""Pause after a rate limit that names none, as GitHub's documentation asks for; seconds."""
TOO_MANY, FORBIDDEN, SERVER_ERROR = 429, 403, 500


@dataclass(slots=True)
class Patience:
    """How long one conversation may still wait.

    Attributes:
        seconds: Time left to wait, in all.
        sleep: Waits for some seconds.
        now: Gives the time, seconds since 1970.
    """

    seconds: float = SECONDS
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.time

    def wait(self, pause: float, what: str, reason: str) -> None:
        """Wait before the next attempt.

        Args:
            pause: Seconds to wait.
            what: What was asked for.
            reason: Why it did not come.

        Raises:
            UnavailableError: ``NL-F001``, the wait is longer than what is left.
        """
        if pause > self.seconds:
            raise UnavailableError(
                f"GitHub did not {what}: {reason}; it wants {pause:.0f} more seconds of pause",
                code="NL-F001",
                kept="the registered challenger; branch and pull request are adopted by the next attempt",
                advice="run the step again later",
                pause_seconds=round(pause),
            )
        self.seconds -= pause
        log.get("propose").warning("waiting for GitHub", what=what, reason=reason, seconds=round(pause, 1))
        self.sleep(pause)

    def pause_after(
        self, status: int, headers: Mapping[str, str], message: str, attempt: int
    ) -> float | None:
        """Tell how long a refused request should pause.

        Args:
            status: HTTP status of the answer.
            headers: Its headers, names in lower case.
            message: GitHub's own sentence.
            attempt: Number of attempts before this one.

        Returns:
            Seconds; nothing where waiting does not help.
        """
        if status >= SERVER_ERROR:
            return _seconds(headers.get("retry-after"), backoff(attempt))
        limited = "retry-after" in headers or "rate limit" in message.lower()
        spent = headers.get("x-ratelimit-remaining") == "0"
        if status not in (TOO_MANY, FORBIDDEN) or (status == FORBIDDEN and not (limited or spent)):
            return None
        if "retry-after" in headers:
            return _seconds(headers["retry-after"], UNTOLD)
        until = _seconds(headers.get("x-ratelimit-reset"), 0.0) - self.now() + 1
        return until if spent and until > 0 else UNTOLD


def backoff(attempt: int) -> float:
    """Give the pause before another attempt where nobody tells one: 1, 2, 4 ... 64 seconds."""
    return float(2 ** min(attempt, 6))


def _seconds(text: str | None, otherwise: float) -> float:
    return float(text) if text and text.isdecimal() else otherwise
