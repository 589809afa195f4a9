"""Parameters reach params.toml exactly, and what a person wrote around them stays."""

import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nightlabel.errors import RefusedError
from nightlabel.propose.params import changed_params
from nightlabel.propose.release import params_digest

CURRENT = b"""# ours
candidate = "baseline" # the model
seed = 7

[params] # of the network
rate = 1e-3 # measured
gone = true # not any more
sizes = [
    64, # wide
    32,
]

[params.text]
# letters
length = 3
"""
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
scalar = st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | text
value = st.recursive(
    scalar, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3), max_leaves=6
)
params = st.dictionaries(text, value, max_size=5)


@given(params, params, text, st.integers(0, 2**31))
@settings(deadline=None, max_examples=40)
def test_what_is_written_is_read_back_whatever_stood_there(before, after, candidate, seed):
    standing = changed_params(CURRENT, before, candidate="before", seed=1)
    written = changed_params(standing, after, candidate=candidate, seed=seed)

    assert tomllib.loads(written.decode()) == {"candidate": candidate, "seed": seed, "params": after}


@given(params)
@settings(deadline=None, max_examples=40)
def test_writing_the_same_again_changes_no_byte(given_params):
    once = changed_params(CURRENT, given_params, candidate="a", seed=1)

    assert changed_params(once, given_params, candidate="a", seed=1) == once


def test_comments_order_and_spelling_of_what_stays_are_kept():
    wanted = {"rate": 1e-3, "sizes": [64, 32], "text": {"length": 4}, "new": 0.5}
    written = changed_params(CURRENT, wanted, candidate="embeddings", seed=7).decode()

    assert 'candidate = "embeddings" # the model' in written
    assert "rate = 1e-3 # measured" in written
    assert "    64, # wide" in written
    assert "# letters\nlength = 4" in written
    assert "gone" not in written


def test_the_first_file_is_made_from_nothing():
    written = changed_params(None, {"rate": 1}, candidate="a", seed=1)

    assert written.startswith(b"# The parameters of the model in production.")


@pytest.mark.parametrize(("old", "new"), [(1, 1.0), (True, 1), ([1], [1.0])])
def test_a_value_that_only_changes_its_type_is_written(old, new):
    standing = changed_params(None, {"x": old}, candidate="a", seed=1)

    assert changed_params(standing, {"x": new}, candidate="a", seed=1) != standing


@pytest.mark.parametrize(("current", "given"), [(b"= broken", {}), (b"\xff", {}), (CURRENT, {"x": None})])
def test_what_cannot_stand_in_toml_is_refused(current, given):
    with pytest.raises(RefusedError, match="NL-F008"):
        changed_params(current, given, candidate="a", seed=1)


@given(params)
@settings(deadline=None, max_examples=40)
def test_the_digest_names_content_and_not_spelling(given_params):
    one = changed_params(CURRENT, given_params, candidate="a", seed=1)
    shuffled = dict(sorted(given_params.items(), reverse=True))
    other = changed_params(b"# another comment\n", shuffled, candidate="a", seed=1)

    assert params_digest(one) == params_digest(other)
    assert params_digest(one) != params_digest(changed_params(one, given_params, candidate="a", seed=2))
