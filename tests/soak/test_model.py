"""Any history of a night's steps, held after each step against a model of dictionaries."""

import random
import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from nightlabel.errors import RefusedError
from nightlabel.label import BATCH_BYTES, BATCH_FILES, clean, due, inputs, label_shard, publish, relabel
from nightlabel.label.shard import _Attempt, _work
from nightlabel.store import open_uri
from tests.label.nights import TINY, planned
from tests.soak import ledger, truth

NAMES = st.sampled_from([f"{letter}.csv" for letter in "abc"])
DATES = st.sampled_from([*truth.DATES[:1] * 3, *truth.DATES])
MODELS = st.sampled_from(sorted(truth.ODD))
REASONS = st.sampled_from(["night", "night", "night", "relabel", "replay"])

CHANCE = st.randoms(use_true_random=False)


@dataclass
class Held:
    """One file of a generation."""

    version: str
    model: str
    rows: list

    def says(self, *codes):
        return any(row.said in codes for row in self.rows)

    @property
    def quarantined(self):
        return any(row.outcome == "quarantined" for row in self.rows)


@dataclass
class Partition:
    """One date: what stands, what lies in the inbox, and by which runs each generation was made."""

    stands: dict = field(default_factory=dict)
    inbox: dict = field(default_factory=dict)
    runs: list = field(default_factory=list)

    def wanted(self, reason, model):
        """The files that a plan must take."""
        return {source for source in self.inbox if self._wants(source, reason, model)}

    def _wants(self, source, reason, model):
        held = self.stands.get(source)
        if reason == "replay":
            return bool(held) and held.quarantined
        if not held or held.version != self.inbox[source] or held.says(truth.UNREAD):
            return True
        return reason == "relabel" and held.model != model


@dataclass
class Run:
    """One plan, and what its shards have come to; a receipt is that of the run that left it first."""

    plan: object
    model: str
    before: int
    files: dict
    shards: dict


class Nights(RuleBasedStateMachine):
    """The engine and its model, side by side."""

    runs = Bundle("runs")

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.lake = open_uri(self.folder.as_uri())
        self.partitions = {date: Partition() for date in truth.DATES}
        self.payloads, self.receipts, self.champion, self.number = {}, {}, "1", 0
        self.unnamed = set()

    def teardown(self):
        shutil.rmtree(self.folder)

    @initialize()
    def first(self):
        always = random.Random(0)  # noqa: S311 - bytes, not secrets
        self.deliver(truth.DATES[0], ["a.csv", "b.csv", "c.csv"], always)

    @rule(date=DATES, names=st.lists(NAMES, min_size=1, unique=True), chance=CHANCE)
    def deliver(self, date, names, chance):
        """Files come, come late, or change."""
        for name in names:
            data = truth.payload(chance, len(self.payloads) + 1)
            entry = self.lake.put(f"tiny/inbox/date={date}/{name}", data)
            self.partitions[date].inbox[entry.key] = entry.version
            self.payloads[entry.key, entry.version] = data

    @rule(date=DATES, name=NAMES)
    def delete(self, date, name):
        key = f"tiny/inbox/date={date}/{name}"
        self.lake.delete(key)
        self.partitions[date].inbox.pop(key, None)

    @rule(model=MODELS)
    def promote(self, model):
        self.champion = model

    @rule(target=runs, date=DATES, reason=REASONS)
    def plan(self, date, reason):
        partition, self.number = self.partitions[date], self.number + 1
        asked = {"reason": reason, "pods": 2}
        name, model = f"run-{self.number}", truth.pinned(self.champion)
        if reason == "replay" and not partition.runs:
            with pytest.raises(RefusedError, match="NL-N007"):
                planned(self.lake, name, date, model, **asked)
            return multiple()
        wanted = partition.wanted(reason, self.champion)
        made = planned(self.lake, name, date, model, **asked)
        shards = {shard.name: dict(self._files(made, shard)) for shard in made.shards}
        files = {source: version for part in shards.values() for source, version in part.items()}
        assert files == {source: partition.inbox[source] for source in wanted}
        assert made.kind == ("new" if wanted else "noop" if partition.runs else "empty")
        return Run(made, self.champion, len(partition.runs), files, shards)

    @rule(target=runs, date=DATES, reason=REASONS)
    def night(self, date, reason):
        """A whole night, as on most days."""
        run = self.plan(date, reason)
        if isinstance(run, Run):
            self.finish(run)
        return run

    @rule(target=runs, date=DATES, reason=REASONS, chance=CHANCE, late=st.booleans())
    def overtaken(self, date, reason, chance, late):
        """A night that was killed when some of its shards were done, and the next one, which goes on."""
        first = self.plan(date, reason)
        if not isinstance(first, Run):
            return first
        self._label(first, first.plan.shards[:1])
        if late:
            self.deliver(date, ["late.csv"], chance)
        return multiple(first, self.night(date, reason))

    @rule(run=runs)
    def finish(self, run):
        """A run, new or old, is repeated until it is done."""
        self._label(run, run.plan.shards)
        self.publish(run)

    @rule(run=runs, chance=CHANCE)
    def label(self, run, chance):
        """Some shards of a run, new or old, are labelled, perhaps once more."""
        self._label(run, [shard for shard in run.plan.shards if chance.random() < 0.5])

    @rule(run=runs)
    def die(self, run):
        """An attempt is killed before it leaves its receipt: nobody names its data files."""
        for shard in run.plan.shards[:1]:
            labeller = truth.labeller(run.plan.model.sha256)
            attempt = _Attempt(TINY, self.lake, run.plan, labeller, due.now)
            left = _work(attempt, shard, None, batch_files=BATCH_FILES, batch_bytes=BATCH_BYTES)
            self.unnamed |= {f"tiny/labels/{file.path}" for file in left.data}

    @rule()
    def clean(self):
        """A week later only what nobody names is deleted."""
        week = timedelta(days=8)
        done = clean(self.lake, "tiny", delete=True, clock=lambda: due.now() + week)
        assert self.unnamed >= set(done.files)
        self.unnamed -= set(done.files)

    @rule(run=runs)
    def plan_again(self, run):
        """A repeated plan is the one that stands, whatever has changed since."""
        again = planned(self.lake, run.plan.run, run.plan.date, truth.pinned(self.champion))
        assert again == run.plan

    @rule(run=runs)
    def publish(self, run):
        partition = self.partitions[run.plan.date]
        expected = self._expected(run, partition)
        assert self._published(run) == expected
        if expected == "committed":
            partition.runs.append(run.plan.run)
            for shard in run.plan.shards:
                partition.stands |= self.receipts[self._receipt(run, shard)]

    @precondition(lambda self: any(partition.runs for partition in self.partitions.values()))
    @rule(date=DATES, model=MODELS)
    def compare(self, date, model):
        """What another model would say is told of each labelled record that is there still."""
        partition = self.partitions[date]
        found = relabel(TINY, self.lake, date, truth.labeller(truth.sha256_of(model)))
        there = [h for s, h in partition.stands.items() if partition.inbox.get(s) == h.version]
        both = [
            (old.source, old.row, old.said, new.said)
            for held in there
            for old in held.rows
            for new in truth.rows(old.source, held.version, self.payloads[old.source, held.version], model)
            if old.row == new.row and "labelled" == old.outcome == new.outcome
        ]
        columns = ["source", "row", "old_label", "new_label"]
        assert sorted(both) == sorted(found[columns].itertuples(index=False, name=None))

    @invariant()
    def the_table_is_the_model(self):
        states = ledger.states(self.lake)
        rows = states[-1].rows if states else {}
        commits = [state.facts for state in states if state.facts]
        for date, partition in self.partitions.items():
            standing = Counter(row for held in partition.stands.values() for row in held.rows)
            assert rows.get(date, Counter()) == standing
            made = [(f["generation"], f["run"]) for f in commits if f["date"] == date]
            assert made == list(enumerate(partition.runs, start=1))

    def _label(self, run, shards):
        for shard in shards:
            labeller = truth.labeller(run.plan.model.sha256)
            label_shard(TINY, self.lake, run.plan.date, run.plan.run, shard.name, labeller)
            self.receipts.setdefault(self._receipt(run, shard), self._labelled(run, shard))

    def _files(self, made, shard):
        return ((file.source, file.version) for file in inputs.rows(inputs.table(self.lake, made, shard)))

    def _receipt(self, run, shard):
        owner = (shard.origin.run, shard.origin.shard) if shard.origin else (run.plan.run, shard.name)
        return run.plan.date, *owner

    def _labelled(self, run, shard):
        inbox, model = self.partitions[run.plan.date].inbox, run.model
        return {
            source: Held(
                version,
                model,
                truth.rows(source, version, self.payloads[source, version], model)
                if inbox.get(source) == version
                else [truth.unread(source, version, model)],
            )
            for source, version in run.shards[shard.name].items()
        }

    def _published(self, run):
        try:
            return publish(TINY, self.lake, run.plan.date, run.plan.run).outcome
        except RefusedError as refusal:
            return refusal.code

    def _expected(self, run, partition):
        """The outcome of publishing, or the code of its refusal."""
        if run.plan.run in partition.runs:
            return "already"
        if run.plan.kind == "noop":
            return "noop"
        if len(partition.runs) > run.before:
            stands = {s: (held.version, held.model) for s, held in partition.stands.items()}
            same = all(stands.get(s) == (version, run.model) for s, version in run.files.items())
            unread = any(partition.stands[s].says(truth.UNREAD) for s in run.files if s in stands)
            same &= run.plan.reason != "replay" and not unread
            return "noop" if same else "NL-E001"
        labelled = all(self._receipt(run, shard) in self.receipts for shard in run.plan.shards)
        return "committed" if labelled else "NL-D006"


BOUNDS = settings(
    max_examples=20,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def test_after_any_history_the_table_is_what_a_model_of_dictionaries_says():
    run_state_machine_as_test(Nights, settings=BOUNDS)
