"""Plans a night: which files, in which version, by which model, on how many pods. Made once.

What a plan takes, by what was asked for:

* ``night``: files that the generation before does not hold in this version. A new model alone takes
  nothing: labels that stand change only when somebody asks. Files that had changed or vanished when they
  were read (``NL-B010``) are taken again.
* ``relabel``: also the files that another model has labelled.
* ``replay``: the files with records in quarantine.

Whatever a plan takes is labelled as whole files, and replaces all earlier records of the same keys.
"""

import fnmatch
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from deltalake import DeltaTable

from nightlabel.contract import UseCase
from nightlabel.errors import RefusedError
from nightlabel.label import columns, history, inputs, papers, table
from nightlabel.label.inputs import Input
from nightlabel.label.labels import quarantined_sources
from nightlabel.label.names import inbox, label_date, night
from nightlabel.label.papers import Model, Plan, Shard
from nightlabel.label.share import shards_for, share_out
from nightlabel.label.table import Commit
from nightlabel.store import Entry, Store

if TYPE_CHECKING:
    from nightlabel.registry.models import Pinned

Reason = Literal["night", "relabel", "replay"]
Standing = dict[str, Input]
CHANGED = "NL-B010"


@dataclass(frozen=True, slots=True)
class _Asked:
    date: str
    run: str
    model: Model
    reason: Reason
    commit: str
    image: str


def plan(
    usecase: UseCase,
    lake: Store,
    date: str,
    run: str,
    model: "Pinned",
    *,
    commit: str,
    image: str = "",
    reason: Reason = "night",
) -> Plan:
    """Make the plan of a night, or give the one that its run has already.

    Args:
        usecase: The use case.
        lake: The lake.
        date: The label date, such as ``2026-01-31``.
        run: Name of the run.
        model: The model, resolved once for the whole night.
        commit: Git commit of the code.
        image: Image of the pods; empty in a process.
        reason: What is asked for; see the module.

    Returns:
        The plan as it is stored.

    Raises:
        RefusedError: ``NL-H002`` the date or the run's name is not allowed; ``NL-N005`` the carried
            columns do not fit the table.
        UnavailableError: The store did not answer.
    """
    key = history.plan_key(usecase.name, date, run)
    if standing := papers.find(lake, key, Plan):
        return standing
    asked = _Asked(label_date(date), run, _model(model), reason, commit, image)
    made = _make(usecase, lake, asked)
    lake.create(key, made.sealed())
    return papers.find(lake, key, Plan) or made


def read_plan(lake: Store, usecase: str, date: str, run: str) -> Plan:
    """Read the plan of a run.

    Raises:
        RefusedError: ``NL-N001``, the run has none.
    """
    if found := papers.find(lake, history.plan_key(usecase, date, run), Plan):
        return found
    raise RefusedError(
        f"run {run!r} has no plan for {date}",
        code="NL-N001",
        kept="everything",
        advice=f"nightlabel plan --usecase {usecase} --date {date} --run {run}",
        run=run,
        date=date,
    )


def listed(usecase: UseCase, lake: Store, date: str) -> list[Entry]:
    """List the inputs of a partition: what lies in its inbox and matches the card's pattern.

    Args:
        usecase: Whose card has the pattern; it is held against the key below ``inbox/date=.../``.
        lake: The lake.
        date: The label date.
    """
    prefix = inbox(usecase.name, date)
    pattern = usecase.card.inbox
    return sorted(
        entry
        for entry in lake.list(prefix)
        if fnmatch.fnmatchcase(entry.key.removeprefix(f"{prefix}/"), pattern)
    )


def waiting(entries: Sequence[Entry], standing: Standing) -> list[Entry]:
    """Give the listed files that a generation does not hold in their version."""
    return [e for e in entries if e.key not in standing or standing[e.key].version != e.version]


def _make(usecase: UseCase, lake: Store, asked: _Asked) -> Plan:
    labels = _table(usecase, lake)
    head = history.head(labels, usecase.name, asked.date)
    standing = history.inputs_of(lake, usecase.name, head)
    wanted = _wanted(asked, standing, labels)
    chosen = [entry for entry in listed(usecase, lake, asked.date) if wanted(entry)]
    _require_nights(asked, head)
    folder, taken = night(usecase.name, asked.date, asked.run), {entry.key for entry in chosen}
    carried = [i for i in standing.values() if i.source not in taken] if chosen else []
    before = head.generation if head else 0
    return Plan(
        usecase=usecase.name,
        date=asked.date,
        run=asked.run,
        kind="new" if chosen else "noop" if head else "empty",
        reason=asked.reason,
        generation=before if head and not chosen else before + 1,
        table_version=labels.version(),
        model=asked.model,
        shards=_shards(lake, folder, chosen, usecase.card.max_pods, asked.model),
        carried=inputs.write(lake, folder, "carried", carried) if carried else None,
        replaces=len(taken & standing.keys()),
        commit=asked.commit,
        image=asked.image,
        created=datetime.now(UTC).isoformat(),
    )


def _table(usecase: UseCase, lake: Store) -> DeltaTable:
    schema = columns.table_schema(usecase)
    labels = table.ensure(lake, usecase.name, schema)
    columns.agree(schema, table.column_types(labels))
    return labels


def _wanted(asked: _Asked, standing: Standing, labels: DeltaTable) -> Callable[[Entry], bool]:
    if asked.reason == "replay":
        faulty = quarantined_sources(labels, asked.date)
        return lambda entry: entry.key in faulty
    changed = quarantined_sources(labels, asked.date, CHANGED)

    def wanted(entry: Entry) -> bool:
        held = standing.get(entry.key)
        if held is None or held.version != entry.version or entry.key in changed:
            return True
        return asked.reason == "relabel" and held.model != asked.model.sha256

    return wanted


def _require_nights(asked: _Asked, head: Commit | None) -> None:
    if asked.reason == "replay" and head is None:
        raise RefusedError(
            f"{asked.date} was not labelled yet, so nothing is in quarantine",
            code="NL-N007",
            kept="everything",
            advice=f"nightlabel night --date {asked.date}",
            date=asked.date,
        )


def _shards(
    lake: Store, folder: str, chosen: Sequence[Entry], largest: int, model: Model
) -> tuple[Shard, ...]:
    if not chosen:
        return ()
    parts = share_out(chosen, shards_for(chosen, largest))
    return tuple(
        inputs.write(lake, folder, f"{n:04}", [Input(e.key, e.version, e.size, model.sha256) for e in part])
        for n, part in enumerate(parts)
    )


def _model(model: "Pinned") -> Model:
    return Model(
        name=model.name, version=model.version, run_id=model.run_id, sha256=model.sha256, uri=model.uri
    )
