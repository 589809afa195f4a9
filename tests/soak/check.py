"""The laws that hold after any round; each gives a sentence for every breach."""

from collections import Counter, defaultdict
from itertools import groupby, pairwise

from tests.soak import ledger, truth


def violations(lake, world, reads):
    """Hold a table after its last night against what was delivered and what readers saw.

    Args:
        lake: The lake.
        world: What was delivered, and what lies in the inbox now.
        reads: How often each ``(version, digest)`` was read.
    """
    states = ledger.states(lake)
    found = [
        *strangers(states),
        *numbers(states),
        *foreign_reads(states, reads),
        *unfinished(lake, states, world),
    ]
    for date in truth.DATES:
        committed = [s for s in states if s.facts and s.facts["date"] == date]
        pinned = [ledger.pins(lake, date, s.facts["run"]) for s in committed]
        for state, pins in zip(committed, pinned, strict=True):
            found += [f"{named(state)}: {what}" for what in misfits(state.rows.get(date, {}), pins, world)]
        for state, (before, after) in zip(committed[1:], pairwise(pinned), strict=True):
            found += [f"{named(state)}: {what}" for what in losses(before, after, world)]
    return found


def named(state):
    return f"generation {state.facts['generation']} of {state.facts['date']} (run {state.facts['run']})"


def strangers(states):
    """Only the commit of a generation changes rows, and only those of its date."""
    for before, state in pairwise(states):
        touched = {d for d in truth.DATES if state.rows.get(d, {}) != before.rows.get(d, {})}
        allowed = {state.facts["date"]} if state.facts else set()
        if touched - allowed or (state.changed and not state.facts):
            yield f"version {state.version} changed rows without a generation that may"


def numbers(states):
    """The generations of a date are 1, 2, 3, and each is another run's."""
    facts = sorted((s.facts for s in states if s.facts), key=lambda f: f["date"])
    for date, group in groupby(facts, key=lambda f: f["date"]):
        of_date = list(group)
        if [f["generation"] for f in of_date] != list(range(1, len(of_date) + 1)):
            yield f"the generations of {date} are {[f['generation'] for f in of_date]}"
        if doubles := [r for r, n in Counter(f["run"] for f in of_date).items() if n > 1]:
            yield f"runs {doubles} of {date} were committed twice"


def foreign_reads(states, reads):
    """Whoever reads sees a version whole."""
    whole = {s.version: ledger.digest(_all(s.rows)) for s in states}
    for (version, digest), times in reads.items():
        if whole.get(version) != digest:
            yield f"version {version} was read {times} times otherwise than it is"


def misfits(rows, pins, world):
    """The rows are those of the pinned files, each exactly once."""
    by_source = defaultdict(Counter)
    for row, times in rows.items():
        by_source[row.source][row] += times
    if doubles := [p for p, n in Counter(pin.source for pin in pins).items() if n > 1]:
        yield f"{doubles} are pinned twice"
    for pin in pins:
        stands = by_source.pop(pin.source, Counter())
        if stands not in world.allowed(pin):
            yield f"{pin.source} at {pin.version} holds {_told(stands)}"
    for source, stands in by_source.items():
        yield f"{source}, which no plan has, holds {_told(stands)}"


def losses(before, after, world):
    """A generation holds every file of the one before, and none in an older version."""
    now = {pin.source: pin.version for pin in after}
    for pin in before:
        if pin.source not in now:
            yield f"{pin.source} was lost"
        elif world.age(pin.source, now[pin.source]) < world.age(pin.source, pin.version):
            yield f"{pin.source} went back to an older version"


def unfinished(lake, states, world):
    """After a last undisturbed night the newest generation holds the whole inbox."""
    newest = {state.facts["date"]: state for state in states if state.facts}
    for (date, source), version in world.inbox.items():
        if date not in newest:
            yield f"{date} was never committed"
            continue
        pins = ledger.pins(lake, date, newest[date].facts["run"])
        if (source, version) not in {pin[:2] for pin in pins}:
            yield f"{source} is not there at {version} in the end"
        if any(row.source == source and row.said == truth.UNREAD for row in newest[date].rows.get(date, {})):
            yield f"{source} was not read again in the end"


def _all(rows):
    return [row for counted in rows.values() for row in counted.elements()]


def _told(stands):
    told = ((row.row, row.said, row.model, n) for row, n in stands.items())
    return sorted(told, key=repr)[:6]  # a file that could not be read has a row without a number
