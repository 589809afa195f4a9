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
