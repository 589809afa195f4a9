"""A column of keys is held against a pattern as ``fnmatch`` holds one key."""

import fnmatch

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from nightlabel.label.pattern import matches

untimed = settings(deadline=None)
text = st.text("ab*?[]!-.^\\/\n+é", max_size=10)


@untimed
@given(st.lists(text, max_size=8), text, st.sampled_from(["", "in/", "a[b]*/"]))
def test_a_key_matches_as_fnmatch_says(names, pattern, below):
    keys = pa.chunked_array([[below + name for name in names], []], pa.string())

    found = matches(keys, pattern, below=below).to_pylist()

    assert found == [fnmatch.fnmatchcase(name, pattern) for name in names]
