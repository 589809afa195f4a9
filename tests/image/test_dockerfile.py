"""The Dockerfile keeps the rules of hadolint, and those rules are able to refuse."""

import subprocess
import sys
from pathlib import Path

import pytest

DOCKERFILE = Path(__file__).parents[2] / "inference_image" / "Dockerfile"
HADOLINT = Path(sys.executable).with_name("hadolint")
BAD = {
    "DL3006": "FROM debian\n",
    "DL3008": "FROM debian:12\nRUN apt-get update && apt-get install -y curl\n",
    "DL3013": "FROM python:3.11\nRUN pip install numpy\n",
    "DL3002": "FROM debian:12\nUSER root\n",
}


def lint(text: str) -> subprocess.CompletedProcess[str]:
    command = [HADOLINT, "--no-color", "--failure-threshold", "style", "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False)


def test_the_dockerfile_is_clean():
    found = lint(DOCKERFILE.read_text())

    assert (found.returncode, found.stdout) == (0, "")


@pytest.mark.parametrize("rule", BAD)
def test_a_bad_dockerfile_is_refused(rule):
    found = lint(BAD[rule])

    assert found.returncode != 0
    assert rule in found.stdout


def test_no_rule_is_switched_off():
    assert "hadolint ignore" not in DOCKERFILE.read_text()


def test_the_base_is_named_by_whoever_builds():
    lines = DOCKERFILE.read_text().splitlines()

    assert "ARG BASE" in lines
    assert [line for line in lines if line.startswith("FROM ")] == [
        "FROM ${BASE} AS build",
        "FROM ${BASE} AS packages",
        "FROM packages AS train",
        "FROM packages AS airflow",
        "FROM scratch AS label",
    ]
