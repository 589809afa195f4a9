"""Terminals that end with their test."""

import pytest

from tests.laptop.terminal import Terminal


@pytest.fixture
def at_terminal():
    """Start Python programs at terminals; a test that fails leaves none of them running."""
    opened: list[Terminal] = []

    def start(*command: str, **variables: str) -> Terminal:
        opened.append(Terminal(*command, **variables))
        return opened[-1]

    yield start
    for terminal in opened:
        terminal.close()
