"""A release moves the champion only where parameters, data and challenger belong together."""

import pytest

from nightlabel.errors import RefusedError
from nightlabel.propose.params import changed_params
from nightlabel.propose.release import check_release, data_version, params_digest

PARAMS = changed_params(None, {"rate": 0.01}, candidate="embeddings", seed=7)
POINTER = b"outs:\n- md5: " + b"5f2d" * 8 + b"\n  size: 12\n  hash: md5\n  path: cards.csv\n"
TAGS = {
    "params_digest": params_digest(PARAMS),
    "data_version": "5f2d" * 8,
    "sha256": "ab" * 32,
    "champion": "3",
}


def test_what_belongs_together_is_released():
    check_release(PARAMS, POINTER, TAGS)
    check_release(PARAMS, POINTER, TAGS, champion="3")
    check_release(b"# a comment\n" + PARAMS, POINTER, TAGS)


@pytest.mark.parametrize(
    ("tag", "other"),
    [("params_digest", "00" * 32), ("data_version", "00" * 16), ("sha256", "short"), ("champion", "2")],
)
def test_each_difference_is_refused_by_name(tag, other):
    for tags in (TAGS | {tag: other}, {k: v for k, v in TAGS.items() if k != tag}):
        with pytest.raises(RefusedError) as refusal:
            check_release(PARAMS, POINTER, tags, champion="3")

        assert refusal.value.code == "NL-F005"
        assert set(refusal.value.facts["differs"]) == {tag}


def test_a_champion_that_moved_since_the_gates_is_refused():
    with pytest.raises(RefusedError, match="champion at the gates is 4 now, but 3 for the challenger"):
        check_release(PARAMS, POINTER, TAGS, champion="4")


def test_the_first_champion_is_compared_with_none():
    check_release(PARAMS, POINTER, TAGS | {"champion": ""}, champion="")


def test_other_parameters_are_refused():
    other = changed_params(PARAMS, {"rate": 0.02}, candidate="embeddings", seed=7)

    with pytest.raises(RefusedError, match="params digest is"):
        check_release(other, POINTER, TAGS)


@pytest.mark.parametrize(
    "pointer",
    [
        b"",
        b"\xff",
        b"outs: []",
        b"outs:\n- md5: 7\n",
        b"outs:\n- path: x\n",
        b"!!python/name:os.system x",
        b"- a",
    ],
)
def test_a_broken_pointer_is_refused(pointer):
    with pytest.raises(RefusedError, match="NL-F005"):
        data_version(pointer)


def test_broken_parameters_are_refused():
    with pytest.raises(RefusedError, match="NL-F005"):
        params_digest(b"= nothing")
