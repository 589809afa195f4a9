"""Plans a night: which files, in which version, by which model, on how many pods. Made once.

What a plan takes, by what was asked for:

* ``night``: files that the generation before does not hold in this version. A new model alone takes
  nothing: labels that stand change only when somebody asks. Files that had changed or vanished when they
  were read (``NL-B010``) are taken again.
* ``relabel``: also the files that another model has labelled.
* ``replay``: the files with records in quarantine.

Whatever a plan takes is labelled as whole files, and replaces all earlier records of the same keys.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from nightlabel.contract import UseCase
from nightlabel.errors import RefusedError
from nightlabel.label import columns, history, inputs, papers, pattern, share, table
from nightlabel.label.compare import Compared, Mask, compare
from nightlabel.label.labels import quarantined_sources
from nightlabel.label.names import inbox, label_date, night
from nightlabel.label.papers import Model, Plan, Shard
from nightlabel.label.reads import side_by_side
from nightlabel.label.table import Commit
from nightlabel.store import Store, listing

if TYPE_CHECKING:
    from deltalake import DeltaTable

    from nightlabel.registry.models import Pinned

Reason = Literal["night", "relabel", "replay"]
CHANGED = "NL-B010"
_PARTS = 4  # lists of files that are written at once


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


def listed(usecase: UseCase, lake: Store, date: str) -> pa.Table:
    """List the inputs of a partition: what lies in its inbox and matches the card's pattern.

    Args:
        usecase: Whose card has the pattern; it is held against the key below ``inbox/date=.../``.
        lake: The lake.
        date: The label date.

    Returns:
        ``key``, ``version`` and ``size``, in the order of keys.
    """
    prefix = inbox(usecase.name, date)
    files = listing.table(lake, prefix)
    fits = pattern.matches(files.column("key"), usecase.card.inbox, below=f"{prefix}/")
    return _kept(files, fits.to_numpy())


def _make(usecase: UseCase, lake: Store, asked: _Asked) -> Plan:
    labels = _table(usecase, lake)
    head = history.head(labels, usecase.name, asked.date)
    before = history.plan_of(lake, usecase.name, head) if head else None
    files = listed(usecase, lake, asked.date)
    compared = compare(files, inputs.parts(lake, before), asked.model.sha256)
    wanted = _wanted(asked, files, compared, labels)
    chosen, stays = _kept(files, wanted), compared.stays(wanted)
    carried = inputs.some(lake, before, stays)
    del files
    _require_nights(asked, head)
    folder, generation = night(usecase.name, asked.date, asked.run), head.generation if head else 0
    return Plan(
        usecase=usecase.name,
        date=asked.date,
        run=asked.run,
        kind="new" if len(chosen) else "noop" if head else "empty",
        reason=asked.reason,
        generation=generation if head and not len(chosen) else generation + 1,
        table_version=labels.version(),
        model=asked.model,
        shards=_shards(lake, folder, chosen, usecase.card.max_pods, asked.model),
        carried=inputs.write(lake, folder, "carried", carried) if len(chosen) and stays.any() else None,
        replaces=int((~stays).sum()),
        commit=asked.commit,
        image=asked.image,
        created=datetime.now(UTC).isoformat(),
    )


def _kept(files: pa.Table, mask: Mask) -> pa.Table:
    """Give the rows that a mask keeps; a million rows that all stay are not copied."""
    return files if mask.all() else files.filter(pa.array(mask))


def _table(usecase: UseCase, lake: Store) -> "DeltaTable":
    schema = columns.table_schema(usecase)
    labels = table.ensure(lake, usecase.name, schema)
    columns.agree(schema, table.column_types(labels))
    return labels


def _wanted(asked: _Asked, files: pa.Table, compared: Compared, labels: "DeltaTable") -> Mask:
    keys = files.column("key")
    if asked.reason == "replay":
        faulty: Mask = pc.is_in(keys, quarantined_sources(labels, asked.date)).to_numpy()
        return faulty
    changed: Mask = pc.is_in(keys, quarantined_sources(labels, asked.date, CHANGED)).to_numpy()
    if asked.reason == "relabel":
        return changed | ~compared.same | ~compared.known
    return changed | ~compared.same


def _require_nights(asked: _Asked, head: Commit | None) -> None:
    if asked.reason == "replay" and head is None:
        raise RefusedError(
            f"{asked.date} was not labelled yet, so nothing is in quarantine",
            code="NL-N007",
            kept="everything",
            advice=f"nightlabel night --date {asked.date}",
            date=asked.date,
        )


def _shards(lake: Store, folder: str, chosen: pa.Table, largest: int, model: Model) -> tuple[Shard, ...]:
    if not len(chosen):
        return ()
    work = share.weights(np.concatenate([sizes.to_numpy() for sizes in chosen.column("size").chunks]))
    shards = share.shards_for(work, largest)
    shard_of = share.share_out(work, shards)

    def write(shard: int) -> Shard:
        part = chosen.filter(pa.array(shard_of == shard)).combine_chunks()
        return inputs.write(lake, folder, f"{shard:04}", [inputs.pinned(part, model.sha256)])

    return tuple(side_by_side(write, range(shards), _PARTS))


def _model(model: "Pinned") -> Model:
    return Model(
        name=model.name, version=model.version, run_id=model.run_id, sha256=model.sha256, uri=model.uri
    )
