"""How many requests are in flight: as many as help, fewer when the store asks for less."""

from dataclasses import dataclass

LOWEST, FIRST, HIGHEST = 4, 16, 512
"""Bounds of the requests in flight, and their number at the start."""

PERIOD = 0.05
"""Seconds between two decisions."""

_BUSY = 0.6  # share of the processor from which the process holds itself up
_HELPED = 1.1  # growth of the rate by which more requests in flight have helped
_SETTLED = 4  # decisions in which more requests may show what they are worth: connections are made first
_PAUSE = 20  # decisions that are left out after a step back


@dataclass(slots=True)
class Flow:
    """Decides on the requests in flight.

    More are tried while whoever takes the answers has to wait for them and the processor does not hold them
    up, and kept where the rate grew by it: a store that answers late gets many, one that is as fast as the
    processor few. A refusal (503, a lost connection) halves them at once.

    Attributes:
        limit: Requests that may be in flight now.

    Source:
        Chiu and Jain, Analysis of the Increase and Decrease Algorithms for Congestion Avoidance in Computer
        Networks, Computer Networks and ISDN Systems 17(1), 1989 (multiplicative decrease).
    """

    limit: int = FIRST
    _before: int = 0
    _rate: float = 0.0
    _paused: int = 0
    _tried: int = 0

    def decide(self, rate: float, *, busy: float, awaited: bool, refused: bool) -> None:
        """Set ``limit`` for the next period.

        Args:
            rate: Answers per second in the period that ended.
            busy: Share of the processor's time that the process used in it, of all of its cores.
            awaited: Somebody had to wait for answers in it.
            refused: The store has refused a request in the period.
        """
        if refused:
            self._step(max(LOWEST, self.limit // 2), pause=_PAUSE)
        elif self._paused:
            self._paused -= 1
        elif self._before:
            self._judge(rate)
        elif awaited and busy < _BUSY and self.limit < HIGHEST:
            self._before, self._rate, self._tried = self.limit, rate, 0
            self.limit = min(HIGHEST, 2 * self.limit)

    def _judge(self, rate: float) -> None:
        """Keep what was tried where it helped, and take it back where it did not."""
        self._tried += 1
        if rate >= self._rate * _HELPED:
            self._step(self.limit)
        elif self._tried >= _SETTLED:
            self._step(self._before, pause=_PAUSE)

    def _step(self, limit: int, pause: int = 0) -> None:
        self.limit, self._before, self._paused = limit, 0, pause
