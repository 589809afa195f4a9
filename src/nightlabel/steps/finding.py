"""What a check of the doctor's finds, whatever happens in it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nightlabel.errors import UNNAMED, NightlabelError, UnavailableError

Finding = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """All is well, as the sentence says; advice makes it a warning."""

    sentence: str
    advice: str = ""


def finding(name: str, check: Callable[[], Found]) -> Finding:
    """Run one check; its error is its finding, and hides no other.

    Returns:
        ``name``, ``ok``, ``found``, ``advice`` (what to do; with ``ok``, a warning), ``code`` and ``retry``
        (it did not answer, and may do so later).
    """
    try:
        well = check()
    except NightlabelError as error:
        advice = error.advice or "see docs/errors.md"
        named = "" if error.code == UNNAMED else error.code
        retry = isinstance(error, UnavailableError)
        return _finding(name, error.sentence, advice, ok=False, code=named, retry=retry)
    except Exception as error:  # noqa: BLE001 - one check that breaks must not hide the others
        what = f"the check itself broke: {type(error).__name__}: {str(error)[:200]}"
        return _finding(name, what, "report it: this is a bug", ok=False, code=UNNAMED)
    return _finding(name, well.sentence, well.advice, ok=True)


def _finding(name: str, found: str, advice: str, *, ok: bool, code: str = "", retry: bool = False) -> Finding:
    return {"name": name, "ok": ok, "found": found, "advice": advice, "code": code, "retry": retry}
