"""Each package has a licence that is accepted, or a word with a reason; the page says what is installed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from gates.findings import GateError
from gates.licences import (
    Package,
    Rules,
    installed,
    is_accepted,
    judge,
    known,
    licence,
    outdated,
    packages,
    read,
)

WHY = "A reason of more than twenty characters."
RULES = Rules(
    accepted=frozenset({"MIT", "Zlib", "Apache-2.0", "LicenseRef-BSD", "BSD-3-Clause"}),
    named={"BSD": "LicenseRef-BSD", "approved": ""},
    package={"special": {"licence": "GPL-2.0-only", "accepted": True, "only": "train", "reason": WHY}},
)
TERMS = {
    "MIT": True,
    "mit": True,
    "GPL-3.0-only": False,
    "MIT OR GPL-3.0-only": True,
    "MIT AND GPL-3.0-only": False,
    "GPL-3.0-only OR MIT AND Zlib": True,
    "MIT AND Zlib OR GPL-3.0-only": True,
    "GPL-3.0-only AND (MIT OR Zlib)": False,
    "MIT AND (GPL-3.0-only OR (Zlib AND MIT))": True,
    "(MIT OR GPL-3.0-only) AND GPL-3.0-only": False,
    "GPL-2.0-only WITH GCC-exception-2.0": False,
    "some words of their own": False,
    "": False,
}


def package(name="a", licence="MIT", places=("train", "airflow")):
    return Package(name, "1", licence, list(places))


@pytest.mark.parametrize("terms", TERMS)
def test_an_expression_is_accepted_if_it_leaves_an_accepted_choice(terms):
    assert is_accepted(terms, RULES.accepted) is TERMS[terms]


names = st.sampled_from(["MIT", "Zlib", "GPL-3.0-only", "AGPL-3.0-only"])


@given(st.recursive(names, lambda s: st.tuples(st.sampled_from([" AND ", " OR "]), s, s), max_leaves=8))
def test_expressions_mean_what_they_say(tree):
    def text(node):
        return node if isinstance(node, str) else f"({text(node[1])}{node[0]}{text(node[2])})"

    def truth(node):
        if isinstance(node, str):
            return node in RULES.accepted
        sides = [truth(node[1]), truth(node[2])]
        return all(sides) if node[0] == " AND " else any(sides)

    assert is_accepted(text(tree), RULES.accepted) is truth(tree)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (package(licence="AGPL-3.0-only"), "not on the list: AGPL-3.0-only"),
        (package(licence=""), "declares no licence"),
        (package(name="special", places=["label", "train"]), "is accepted in train alone, and is in label"),
    ],
)
def test_a_licence_that_is_not_accepted_is_refused(found, said):
    (refused,) = judge([found], RULES)

    assert said in refused.text


def test_what_is_accepted_passes():
    assert judge([package(), package(name="special", licence="GPL-2.0-only")], RULES) == []


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        ([{"expression": "MIT OR Zlib"}], "MIT OR Zlib"),
        ([{"license": {"id": "MIT"}}, {"license": {"name": "approved"}}], "MIT"),
        ([{"license": {"id": "BSD-3-Clause"}}, {"license": {"name": "BSD"}}], "BSD-3-Clause"),
        ([{"license": {"name": "BSD"}}], "LicenseRef-BSD"),
        ([{"license": {"id": "Zlib"}}, {"license": {"id": "MIT"}}], "MIT AND Zlib"),
        ([], ""),
    ],
)
def test_metadata_old_and_new_become_one_expression(told, meant):
    assert licence({"name": "a", "licenses": told}, RULES) == meant


def test_a_word_without_a_reason_is_refused(tmp_path):
    (tmp_path / "licences.toml").write_text('accepted = []\n[named]\n[package.a]\nlicence = "MIT"\n')

    with pytest.raises(ValidationError):
        read(tmp_path / "licences.toml")


def test_a_package_that_is_not_installed_as_it_is_locked_is_not_judged():
    with pytest.raises(GateError, match="is installed; first: make install"):
        installed("six", "0.0.1")


def absent(name):
    return Rules(
        accepted=frozenset(), named={}, package={name: {"licence": "MIT", "absent": True, "reason": WHY}}
    )


def test_a_package_of_an_image_alone_is_known_by_our_word_and_without_one_by_nothing():
    assert known("not-here", "1", absent("not-here")) == {"name": "not-here", "version": "1"}
    with pytest.raises(GateError, match="is locked and nothing is installed"):
        known("not-here", "1", RULES)


def test_a_word_for_an_absent_package_that_is_installed_is_outdated():
    said = outdated([package(name="six")], absent("six"))

    assert said == {"six": "licences.toml says that it is absent, and it is installed"}
    with pytest.raises(GateError, match=r"0\.0\.1 is locked"):
        known("six", "0.0.1", absent("six"))


def test_the_image_of_the_nights_has_no_package_under_the_gpl():
    label = [one for one in packages() if "label" in one.places]

    assert len(label) > 20
    assert [one for one in label if "GPL" in one.licence] == []
