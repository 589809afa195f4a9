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
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from nightlabel.contract import UseCase
from nightlabel.errors import RefusedError, plain
from nightlabel.label import columns, history, inputs, paces, papers, pattern, shards, table
from nightlabel.label.compare import Compared, Mask, compare
from nightlabel.label.forecast import past
from nightlabel.label.labels import quarantined_sources
from nightlabel.label.names import inbox, label_date, night
from nightlabel.label.papers import Model, Plan
from nightlabel.label.resume import CHANGED, resume
from nightlabel.label.table import Commit
from nightlabel.store import Store, listing

if TYPE_CHECKING:
    from deltalake import DeltaTable

    from nightlabel.registry.models import Pinned

Reason = Literal["night", "relabel", "replay"]
"""What is labelled: the files that are new or changed, all of them, or those with records in quarantine."""


@dataclass(frozen=True, slots=True)
class _Asked:
    date: str
    run: str
    model: Model
    reason: Reason
    commit: str
    image: str
    pods: int


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
    pods: int = 0,
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
        pods: Pods side by side; 0 takes as few as meet the deadline, the card's largest number at most.

    Returns:
        The plan as it is stored.

    Raises:
        RefusedError: ``NL-H002`` the date or the run's name is not allowed; ``NL-N005`` the carried
            columns do not fit the table; ``NL-B014`` the store gives files no version.
        UnavailableError: The store did not answer.
    """
    key = history.plan_key(usecase.name, date, run)
    if standing := papers.find(lake, key, Plan):
        return standing
    asked = _Asked(label_date(date), run, _model(model), reason, commit, image, pods)
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
    _require_versions(files)
    compared = compare(files, inputs.parts(lake, before), asked.model.sha256)
    wanted = _wanted(asked, files, compared, labels)
    chosen, stays = _kept(files, wanted), compared.stays(wanted)
    carried = inputs.some(lake, before, stays)
    del files
    _require_nights(asked, head)
    folder, generation = night(usecase.name, asked.date, asked.run), head.generation if head else 0
    work = _work(usecase, lake, labels, asked, chosen)
    return Plan(
        usecase=usecase.name,
        date=asked.date,
        run=asked.run,
        kind="new" if len(chosen) else "noop" if head else "empty",
        reason=asked.reason,
        generation=generation if head and not len(chosen) else generation + 1,
        table_version=labels.version(),
        model=asked.model,
        shards=work.shards,
        carried=inputs.write(lake, folder, "carried", carried) if len(chosen) and stays.any() else None,
        replaces=int((~stays).sum()),
        commit=asked.commit,
        image=asked.image,
        created=work.created.isoformat(),
        forecast=work.forecast,
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


def _require_versions(files: pa.Table) -> None:
    """Refuse files that cannot be pinned: what changes before it is read would pass for what was planned."""
    bare = files.column("key").filter(pc.equal(files.column("version"), ""))
    if len(bare):
        raise RefusedError(
            f"the store gives {len(bare)} files no ETag, such as {plain(bare[0].as_py())[:200]!r}",
            code="NL-B014",
            kept="everything; nothing was planned",
            advice="use a store whose listings have the ETag of each object",
            key=bare[0].as_py(),
        )


def _require_nights(asked: _Asked, head: Commit | None) -> None:
    if asked.reason == "replay" and head is None:
        raise RefusedError(
            f"{asked.date} was not labelled yet, so nothing is in quarantine",
            code="NL-N007",
            kept="everything",
            advice=f"nightlabel night --date {asked.date}",
            date=asked.date,
        )


def _work(
    usecase: UseCase, lake: Store, labels: "DeltaTable", asked: _Asked, chosen: pa.Table
) -> shards.Work:
    """Share the chosen files out, without those that an earlier run has labelled."""
    generation = table.generation(labels, usecase.name, asked.date) + 1

    def ours(plan: Plan) -> bool:
        same = (plan.generation, plan.reason) == (generation, asked.reason)
        return same and (plan.model, plan.commit, plan.image) == (asked.model, asked.commit, asked.image)

    done = resume(lake, usecase.name, asked.date, chosen, ours)
    left = _kept(chosen, done.left)
    known = past(paces.recent(lake, usecase.name, labels) if len(left) else (), usecase.card.pod.cpu)
    folder = night(usecase.name, asked.date, asked.run)
    given: Any = {"known": known, "done": done.shards, "model": asked.model.sha256, "pods": asked.pods}
    return shards.work(usecase.card, lake, folder, left, **given)


def _model(model: "Pinned") -> Model:
    return Model(
        name=model.name, version=model.version, run_id=model.run_id, sha256=model.sha256, uri=model.uri
    )
