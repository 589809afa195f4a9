"""The documents are true: links lead somewhere, the README is short, and its commands exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "src").rglob("*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_inside_the_project_leads_somewhere(page):
    targets = re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text())

    assert [t for t in targets if not (page.parent / t).exists()] == []


def test_the_readme_is_at_most_150_lines():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150


def test_every_make_target_of_the_documents_exists():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {
        name for page in PAGES for name in re.findall(r"^\s*make ([a-z]+)", page.read_text(), re.MULTILINE)
    }

    assert named <= targets
    assert {"demo", "test"} <= named


def test_every_command_of_the_documents_exists():
    from nightlabel.cli import app  # noqa: PLC0415 - the command line is needed here alone

    commands = {c.name or c.callback.__name__ for c in app.registered_commands}
    pages = "\n".join(page.read_text() for page in PAGES)
    named = set(re.findall(r"^nightlabel ([a-z]+)", pages, re.MULTILINE)) | set(
        re.findall(r"`nightlabel ([a-z]+)[ `]", pages)
    )

    assert named <= commands


CASES = {
    *("A1", "A2", "A3", "A4", "A6", "A7", "A8", "A10", "A11"),
    *("B1", "B2", "B3", "B4", "B6", "B7", "B9", "B10", "B11"),
    *("C1", "C2", "C3", "C4", "C5", "C7"),
    *("D1", "D2", "D3", "D4", "D5", "D6", "D7", "D8", "D9", "D11"),
    *("E1", "E2", "E3", "E4", "E7", "E8", "F1", "F2", "F4", "F5", "G1", "G2", "G3", "H1", "H3", "H4"),
}
"""The faults that the project promises an answer to."""


def test_every_fault_is_shown_by_tests_that_exist():
    rows = re.findall(r"^\| ([A-H]\d+) .*\|(.*)\|$", (ROOT / "docs" / "faults.md").read_text(), re.MULTILINE)
    shown = {case: re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", tests) for case, tests in rows}
    lost = [
        f"{file}::{name}"
        for named in shown.values()
        for file, name in named
        if not (ROOT / file).exists() or f"def {name}(" not in (ROOT / file).read_text()
    ]

    assert lost == []
    assert shown.keys() == CASES
    assert [case for case, named in shown.items() if not named] == []
