"""Exemptions: each has a reason, accepts what it names and nothing more, and goes when nothing needs it."""

import pytest
from pydantic import ValidationError

from gates.__main__ import BLIND, GATES, PASSED, REFUSED, main
from gates.findings import Exemption, Finding, GateError, exemptions, judge
from gates.run import answer, output, tool

WHY = "A reason of more than twenty characters."


def finding(rule="B310", path="src/a.py", line=1, key=""):
    return Finding("bandit", rule, path, line, "said", key)


def exemption(**more):
    return Exemption(**{"gate": "bandit", "rule": "B310", "path": "src/a.py", "reason": WHY, **more})


def test_what_nobody_accepted_is_refused():
    assert judge([finding()], []).refused == [finding()]


@pytest.mark.parametrize("more", [{}, {"path": "src/*"}, {"count": 1}])
def test_what_fits_is_accepted(more):
    verdict = judge([finding()], [exemption(**more)])

    assert (verdict.refused, verdict.accepted, verdict.stale) == ([], [finding()], [])


@pytest.mark.parametrize(
    "more", [{"rule": "B311"}, {"path": "src/b.py"}, {"gate": "zizmor"}, {"keys": ["other"]}]
)
def test_what_does_not_fit_is_refused_and_the_exemption_is_stale(more):
    verdict = judge([finding(key="key")], [exemption(**more)])

    assert (len(verdict.refused), len(verdict.accepted), len(verdict.stale)) == (1, 0, 1)


def test_one_more_than_was_counted_is_refused_with_all_others():
    verdict = judge([finding(line=1), finding(line=2)], [exemption(count=1)])

    assert len(verdict.refused) == 2
    assert "is for 1, and 2 are found" in verdict.stale[0]


def test_one_less_than_was_counted_is_told():
    assert "is for 2, and 1 are found" in judge([finding()], [exemption(count=2)]).stale[0]


def test_a_secret_that_is_gone_leaves_the_list():
    verdict = judge([finding(key="one")], [exemption(keys=["one", "two"])])

    assert verdict.refused == []
    assert "names two" in verdict.stale[0]


def test_what_stands_in_the_history_alone_may_be_missing_and_accepts_no_more_than_it_names():
    past = exemption(keys=["one"], history=True)

    assert judge([], [past]).stale == []
    assert len(judge([finding(key="two")], [past]).refused) == 1


@pytest.mark.parametrize("entry", ["", 'reason = "because"\n', f'reason = "{WHY}"\nwhy = "more"\n'])
def test_an_exemption_without_a_reason_or_with_a_strange_word_is_refused(tmp_path, entry):
    (tmp_path / "exemptions.toml").write_text(f'[[bandit]]\nrule = "B310"\npath = "a"\n{entry}')

    with pytest.raises(ValidationError):
        exemptions(tmp_path / "exemptions.toml")


def test_a_gate_that_could_not_look_never_passes(monkeypatch, capsys):
    def blind():
        raise GateError("no file was found")

    monkeypatch.setitem(GATES, "manifests", blind)

    assert main(["manifests"]) == BLIND
    assert "manifests: no file was found" in capsys.readouterr().out


def test_the_command_refuses_and_passes_by_its_exit_code(monkeypatch, capsys):
    monkeypatch.setitem(GATES, "manifests", list)
    assert main(["manifests"]) == PASSED
    monkeypatch.setitem(GATES, "manifests", lambda: [finding()._replace(gate="manifests")])

    assert main(["manifests"]) == REFUSED
    assert "manifests B310 src/a.py:1 said" in capsys.readouterr().out


def test_a_plan_may_be_judged_and_what_is_none_may_not(tmp_path, capsys):
    (tmp_path / "plan.json").write_text("{}")

    assert main(["--plan", str(tmp_path / "plan.json")]) == BLIND
    assert "is no plan" in capsys.readouterr().out


def test_a_tool_that_is_not_there_or_ends_otherwise_is_told():
    with pytest.raises(GateError, match="first: scripts/gates"):
        tool("no-such-tool")
    with pytest.raises(GateError, match="has not looked"):
        output(["sh", "-c", "exit 3"])
    with pytest.raises(GateError, match="did not answer in JSON"):
        answer(["echo", "a word"])
