"""Evidently's page for people, in which no value of a record can become HTML."""

import re

from nightlabel.log import get

NOTHING = "<!doctype html><html><head><meta charset='utf-8'></head><body></body></html>"

_DATA = re.compile(r"^ *var \w+ = (?=[{[]).*;$", re.MULTILINE)
_LINES = 2  # of a page hold data, as JSON in its first script


def harmless(page: str) -> str:
    r"""Write each ``<`` of a page's data as ``\u003c``: no category can end the script that holds it.

    Args:
        page: A page of Evidently's, which writes the values as they are.

    Returns:
        The page, which shows the same; an empty one where its data cannot be found.
    """
    head, script, rest = page.partition("<script>")
    data, found = _DATA.subn(lambda line: line[0].replace("<", r"\u003c"), rest, _LINES)
    if found < _LINES:
        get("monitor").warning("drift page left out: its data cannot be found in it")
        return NOTHING
    return head + script + data
