"""The harness sees the faults that it hunts: each of three broken engines is found."""

import re

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from nightlabel.label import receipts, shard, table
from tests.soak.mutants import PUBLISH, mutate
from tests.soak.sites import sites
from tests.soak.test_model import BOUNDS, Nights

pytestmark = pytest.mark.timeout(900)

ROUNDS = 60  # at most: the moments of a kill are never the same twice
PATCHED = ((shard, "_work"), (table, "commit"), (receipts, "complete"), (receipts, "add_up"))
FOUND = settings(BOUNDS, max_examples=400, derandomize=True, database=None, phases=[Phase.generate])
"""Up to the first violation: which history shows it changes with any number in a module that is loaded, since
Hypothesis draws from these, too."""


@pytest.mark.parametrize(
    ("mutant", "sentence"),
    [
        ("workers_commit", "changed rows without a generation that may"),
        ("files_decide", r"^generation .* holds"),
        ("last_one_wins", "was lost"),
    ],
)
def test_the_kill_loop_finds_an_engine_that_breaks_its_promise(mutant, sentence):
    with sites() as places:
        rounds = (places.play(seed, mutant) for seed in range(1, 2 * ROUNDS, 2))
        assert any(re.search(sentence, violation) for found in rounds for violation in found.violations)


@pytest.mark.parametrize("mutant", ["workers_commit", "last_one_wins"])
def test_the_model_finds_an_engine_that_breaks_its_promise(mutant, monkeypatch):
    for module, name in (*PATCHED, (PUBLISH, "_standing"), (PUBLISH, "_try")):
        monkeypatch.setattr(module, name, getattr(module, name))
    mutate(mutant)

    with pytest.raises(AssertionError):
        run_state_machine_as_test(Nights, settings=FOUND)
