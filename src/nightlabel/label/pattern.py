"""Holds keys against the inbox pattern of a card, a column of keys at a time."""

import fnmatch
import re

import pyarrow as pa
import pyarrow.compute as pc

_WILD = {"*": ".*", "?": "."}


def matches(keys: pa.ChunkedArray, pattern: str, below: str = "") -> pa.ChunkedArray:
    """Tell which keys match a pattern, as ``fnmatch.fnmatchcase`` has it.

    Args:
        keys: The keys; all start with ``below``.
        pattern: The pattern; ``*`` takes slashes too.
        below: The part of the keys that the pattern is not held against.

    Returns:
        One truth value per key.
    """
    if "[" not in pattern:
        text = "".join(_WILD.get(char, re.escape(char)) for char in pattern)
        return pc.match_substring_regex(keys, rf"(?s)\A{re.escape(below)}{text}\z")
    matched = re.compile(fnmatch.translate(pattern)).match
    chunks = [[matched(key, len(below)) is not None for key in c.to_pylist()] for c in keys.chunks]
    return pa.chunked_array(chunks, pa.bool_())
