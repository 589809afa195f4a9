"""The project itself passes every gate; what the gates accept stands in one place."""

import pytest

from gates.__main__ import BLIND, GATES, PASSED, main
from gates.findings import ROOT, exemptions
from gates.run import files, output


@pytest.mark.parametrize("gate", GATES)
def test_the_project_passes_or_the_gate_says_what_it_cannot_see(gate, capsys):
    shallow = output(["git", "rev-parse", "--is-shallow-repository"], folder=ROOT).strip() == "true"

    code = main([gate])

    said = capsys.readouterr().out
    if gate == "secrets" and shallow:
        assert (code, "git fetch --unshallow" in said) == (BLIND, True)
    else:
        assert code == PASSED, said


def test_every_exemption_is_of_a_gate_and_names_a_file_or_says_why_not():
    strangers = [one for one in exemptions() if one.gate not in GATES]

    assert strangers == []


def test_nothing_in_the_tree_tries_to_switch_a_gate_off():
    words = ("# nosec", "pragma: allowlist" + " secret", "hadolint" + " ignore", "zizmor:" + " ignore")
    ours = [
        name for name in files("src", "plugins", "dags", "demo", "inference_image", ".github") if "." in name
    ]

    assert [
        name for name in ours if any(word in (ROOT / name).read_text("utf-8", "replace") for word in words)
    ] == []
