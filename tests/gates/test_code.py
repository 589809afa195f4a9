"""Dangerous Python is refused; words in a file that would switch a rule off are not heard."""

import pytest

from gates.code import bandit, hadolint, zizmor
from gates.findings import GateError

BAD = {
    "B602": "import subprocess\nsubprocess.run('ls ' + name, shell=True)\n",
    "B301": "import pickle\npickle.loads(data)\n",
    "B506": "import yaml\nyaml.load(text)\n",
    "B307": "eval(text)\n",
    "B501": "import requests\nrequests.get(url, verify=False)\n",
    "B324": "import hashlib\nhashlib.md5(data)\n",
}


def test_dangerous_calls_are_refused_wherever_our_python_is(project):
    for rule, text in BAD.items():
        project.write(f"src/nightlabel/{rule}.py", text)
    project.write("scripts/run", "#!/usr/bin/env python3\neval(text)\n")
    project.write("scripts/shell", "#!/bin/sh\neval text\n")
    project.write("dags/ours.py", "eval(text)  # nosec\n")
    project.write("src/nightlabel/good.py", "print(1)\n")

    found = {(one.path, one.rule) for one in bandit(project.root)}

    assert {(f"src/nightlabel/{rule}.py", rule) for rule in BAD} <= found
    assert {("scripts/run", "B307"), ("dags/ours.py", "B307")} <= found
    assert not [path for path, _ in found if path in {"scripts/shell", "src/nightlabel/good.py"}]


def test_python_that_cannot_be_read_is_a_finding(project):
    project.write("src/a.py", "def\n")

    assert [one.rule for one in bandit(project.root)] == ["unread"]


@pytest.mark.parametrize("gate", [bandit, hadolint])
def test_a_gate_that_sees_no_file_does_not_pass(project, gate):
    with pytest.raises(GateError, match="was found for"):
        gate(project.root)


def test_a_project_without_workflows_has_none_that_are_bad(project):
    assert zizmor(project.root) == []


def test_a_workflow_that_cannot_be_read_is_not_judged(project):
    project.write(".github/workflows/a.yml", "on: [")

    with pytest.raises(GateError, match="zizmor ended with"):
        zizmor(project.root)
