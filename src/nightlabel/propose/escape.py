"""Words from outside as Markdown that cannot be anything but words.

GitHub looks for mentions, issue numbers and addresses in the text *after* entities were decoded, so that an
entity does not stop them: a space of no width does. Inside code nothing is looked for.
"""

import math
import re
import unicodedata
from urllib.parse import quote, urlsplit

from markupsafe import Markup

LONGEST_NAME = 60
LONGEST_PROSE = 300
NOTHING = Markup("–")  # noqa: RUF001 - the dash of an empty cell is meant
_PLAIN = frozenset(" .,;:%+-()=/?'\"")
_LOOKALIKE = str.maketrans({"`": "ˋ", "|": "¦", "<": "‹", ">": "›", "\\": "⧵"})  # noqa: RUF001 - meant
_ZERO = "\u200b"
_LINKING = re.compile(r"([@#:]|\bwww|\bGH)(?=\S)", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://[A-Za-z0-9.\[\]:-]+(/|$)")


def fixed(words: str, *values: object) -> Markup:
    """Give fixed words of the report, with values put in; a value that is not safe yet becomes a name.

    Args:
        words: Markdown that stands in this package's code, with ``{}`` for each value.
        values: What is put in.
    """
    return Markup(words).format(*map(safe, values))  # noqa: S704 - the words are ours


def safe(value: object) -> Markup:
    """Give what is safe as it is, and anything else as a name."""
    return value if isinstance(value, Markup) else name(value)


def name(text: object) -> Markup:
    """Show a name as code, whatever it holds: one line, cut, nothing in it is Markdown or HTML."""
    shown = _one_line(str(text), LONGEST_NAME).translate(_LOOKALIKE)
    return Markup(f"`{shown.replace('@', '@' + _ZERO) or '(empty)'}`")  # noqa: S704 - cleaned in the line above


def prose(text: object) -> Markup:
    """Show a sentence as plain words, whatever it holds."""
    shown = _unlinked(_one_line(str(text), LONGEST_PROSE))
    return Markup("".join(c if _harmless(c) else f"&#{ord(c)};" for c in shown))  # noqa: S704 - see the rule


def link(words: str, address: str) -> Markup:
    """Show a link to a web address; anything else is shown as a name."""
    if not _ADDRESS.match(address) or urlsplit(address).username is not None:
        return Markup("{}: {}").format(prose(words), name(address))
    return Markup(f"[{prose(words)}](<{quote(address, safe='/:?&=%~+,;.#_-')}>)")  # noqa: S704 - quoted


def number(value: float | None, digits: int = 3, *, signed: bool = False) -> Markup:
    """Show a number; what is missing is a dash, what is no number says so."""
    if value is None:
        return NOTHING
    if not math.isfinite(value):
        return Markup("not a number")
    return Markup(f"{value:{'+' if signed else ''},.{digits}f}")  # noqa: S704 - digits


def count(value: int | None) -> Markup:
    """Show a number of things."""
    return number(value, 0)


def share(value: float | None) -> Markup:
    """Show a share as per cent."""
    return NOTHING if value is None else number(100 * value, 1) + Markup(" %")


def _one_line(text: str, longest: int) -> str:
    words = " ".join("".join(_visible(c) for c in text[: 4 * longest]).split())
    return words if len(words) <= longest else words[: longest - 1].rstrip() + "…"


def _visible(character: str) -> str:
    kind = unicodedata.category(character)
    if character.isspace() or kind in ("Zl", "Zp"):
        return " "
    return "\ufffd" if kind[0] == "C" else character


def _unlinked(text: str) -> str:
    return _LINKING.sub(rf"\1{_ZERO}", text)


def _harmless(character: str) -> bool:
    return character.isalnum() or character in _PLAIN or ord(character) > 127  # noqa: PLR2004 - the end of ASCII
