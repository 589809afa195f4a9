"""Publishes a night: the receipts add up to the plan, then one transaction shows all labels at once.

The commit is made from the newest snapshot whose generation of the date is still the one of the plan. The
application transaction ``(use case/date, generation)`` lets one of two commits for a date win, and commits
for other dates pass by. Whether ours landed is never taken from the reply, which may be lost: the table's
log is read back, and the run in it decides.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from nightlabel import log
from nightlabel.contract import UseCase
from nightlabel.errors import RefusedError, UnavailableError
from nightlabel.label import due, history, inputs, part, receipts, replace, table
from nightlabel.label.labels import quarantined_sources
from nightlabel.label.papers import Committed, Plan, Receipt
from nightlabel.label.plan import read_plan
from nightlabel.label.resume import CHANGED
from nightlabel.label.summary import summarise
from nightlabel.label.table import Commit
from nightlabel.label.tally import Tally
from nightlabel.store import Store

if TYPE_CHECKING:
    from deltalake import DeltaTable

_TRIES = 20  # commits; each lost try means that another date's night was committed meanwhile
_UNCLEAR = 3  # commits without a clear answer, each of which the library has asked for many times

Outcome = Literal["committed", "already", "noop"]


def publish(usecase: UseCase, lake: Store, date: str, run: str, *, clock: due.Clock = due.now) -> Committed:
    """Make the labels of a night visible, all at once; a second time changes nothing.

    After the deadline a night that is not done is refused; or, where the card says ``publish_partial``, the
    shards that are done are published, and the rest belongs to the next plan.

    Args:
        usecase: The use case.
        lake: The lake.
        date: The label date.
        run: The run whose plan and receipts are published.
        clock: Tells the moment.

    Returns:
        What stands now, and whether this call committed it.

    Raises:
        RefusedError: ``NL-N001`` no plan; ``NL-D006``, ``NL-C001``, ``NL-N004`` the receipts do not add
            up; ``NL-A010`` too many unknown categories; ``NL-E001`` superseded by another run's
            generation; ``NL-N003`` the table was set back; ``NL-N011`` the deadline passed before all
            shards were done.
        UnavailableError: ``NL-B003``, the state of the commit is not known; running again is safe.
    """
    plan = part.standing(lake, read_plan(lake, usecase.name, date, run), clock())
    labels = _opened(lake, plan)
    if plan.kind == "noop":
        return _nothing_new(lake, plan, labels)
    if (commit := _standing(lake, plan, labels)) is not None:
        return _answer(lake, plan, labels, commit, fresh="already")
    if due.passed(plan, clock()) and not plan.left_files:
        plan = part.at_deadline(usecase.card, lake, plan, labels)
    checked = receipts.complete(lake, plan)
    receipts.add_up(lake, plan, checked)
    receipts.require_known(usecase.card, checked)
    return _commit(lake, plan, checked, labels)


def _commit(lake: Store, plan: Plan, checked: Sequence[Receipt], labels: "DeltaTable") -> Committed:
    unclear = 0
    for _ in range(_TRIES):
        try:
            _try(lake, plan, checked, labels)
        except table.ConflictError as error:
            log.get("label").info("another commit was first", run=plan.run, why=str(error)[:120])
        except table.AmbiguousError as error:
            log.get("label").warning("no clear answer to the commit", run=plan.run, why=str(error)[:200])
            unclear += 1
        labels = _read_back(lake, plan)
        if (commit := _standing(lake, plan, labels)) is not None:
            return _answer(lake, plan, labels, commit, fresh="committed", checked=checked)
        if unclear == _UNCLEAR:
            break
    raise _unknown(plan)


def _try(lake: Store, plan: Plan, checked: Sequence[Receipt], labels: "DeltaTable") -> None:
    gone = replace.Removal()
    if plan.replaces:
        taken = set(inputs.tables(lake, plan, plan.shards).column("source").to_pylist())
        gone = replace.removal(lake, plan, table.files(labels, plan.date), taken)
    before = history.head(labels, plan.usecase, plan.date)
    ids = (Tally(**before.facts["ids"]) if before else Tally()) - gone.ids + receipts.ids(checked)
    facts: dict[str, Any] = {
        "usecase": plan.usecase,
        "date": plan.date,
        "generation": plan.generation,
        "run": plan.run,
        "reason": plan.reason,
        "model": plan.model.model_dump(),
        "commit": plan.commit,
        "image": plan.image,
        "files": plan.files + (plan.carried.files if plan.carried else 0),
        "ids": ids.model_dump(),
        "replaced": gone.ids.model_dump(),
    }
    if plan.left_files:
        facts |= {"left_files": plan.left_files, "left_shards": plan.left_shards}
    add = [file for receipt in checked for file in receipt.data] + list(gone.add)
    table.commit(labels, facts, add=add, remove=gone.remove)


def _standing(lake: Store, plan: Plan, labels: "DeltaTable") -> Commit | None:
    """Give the commit that already holds the plan's inputs, or nothing while the plan may be committed."""
    now = table.generation(labels, plan.usecase, plan.date)
    if now < plan.generation - 1:
        raise _set_back(plan, now)
    if now < plan.generation:
        return None
    ours = history.known(labels, plan.usecase, plan.date, plan.generation)
    if ours.run == plan.run:
        return ours
    head = history.known(labels, plan.usecase, plan.date, now)
    if _holds(lake, plan, labels, head):
        return head
    raise RefusedError(
        f"superseded by generation {now} of {plan.date}, which run {head.run!r} committed",
        code="NL-E001",
        kept=f"generation {now}, and all data files of this run; nothing was committed",
        advice=_ask_again(plan),
        generation=now,
        run=head.run,
    )


def _ask_again(plan: Plan) -> str:
    where = f"--usecase {plan.usecase}"
    return {
        "night": f"nightlabel night {where} --date {plan.date}: a new run labels the rest",
        "relabel": f"nightlabel night {where} --date {plan.date} --relabel: a new run labels the rest",
        "replay": f"nightlabel quarantine {plan.date} {where} --replay: a new run replays what is left",
    }[plan.reason]


def _holds(lake: Store, plan: Plan, labels: "DeltaTable", head: Commit) -> bool:
    """Tell whether a generation has every planned input in its version, labelled by the plan's model.

    Files that were planned because they are in quarantine stand in the same version and by the same model
    before and after: what another run says of them is not what this run was asked for.
    """
    if plan.reason == "replay":
        return False
    held = history.inputs_of(lake, plan.usecase, head)
    wanted = inputs.tables(lake, plan, plan.shards)
    there = held.take(pc.index_in(wanted.column("source"), held.column("source")))
    changed = pc.is_in(wanted.column("source"), quarantined_sources(labels, plan.date, CHANGED))
    return not pc.any(changed).as_py() and all(
        there.column(name).cast(pa.string()).equals(wanted.column(name).cast(pa.string()))
        for name in ("source_version", "model_sha256")
    )


def _answer(
    lake: Store,
    plan: Plan,
    labels: "DeltaTable",
    commit: Commit,
    *,
    fresh: Outcome,
    checked: Sequence[Receipt] = (),
) -> Committed:
    outcome: Outcome = fresh if commit.run == plan.run else "noop"
    log.get("label").info(outcome, generation=commit.generation, table_version=commit.version)
    if commit.run == plan.run:
        if bool(commit.facts.get("left_files")) != bool(plan.left_files):  # another publisher saw others
            plan, checked = history.plan_of(lake, plan.usecase, commit), ()
        summarise(lake, plan, commit, checked)
    head = table.generation(labels, plan.usecase, plan.date)
    return Committed(
        usecase=plan.usecase,
        date=plan.date,
        run=plan.run,
        outcome=outcome,
        generation=commit.generation,
        head=head,
        table_version=commit.version,
        records=commit.facts["ids"]["count"],
        left_files=commit.facts.get("left_files", 0),
        sentence=_sentence(plan, commit, outcome, head),
    )


def _sentence(plan: Plan, commit: Commit, outcome: Outcome, head: int) -> str:
    holds = f"generation {commit.generation} of {plan.date} holds {commit.facts['ids']['count']} records"
    newer = f"; generation {head} is the newest" if head > commit.generation else ""
    told = {
        "committed": f"committed: {holds}",
        "already": f"nothing to do, this run was committed before: {holds}",
        "noop": f"nothing to do, the same inputs stand already: {holds}, committed by run {commit.run}",
    }
    return told[outcome] + _left(commit) + newer


def _left(commit: Commit) -> str:
    if not (files := commit.facts.get("left_files", 0)):
        return ""
    return f", in part: {files:,} files were not done at the deadline and wait for the next night"


def _nothing_new(lake: Store, plan: Plan, labels: "DeltaTable") -> Committed:
    head = history.head(labels, plan.usecase, plan.date)
    if head is None:
        raise _set_back(plan, 0)
    return _answer(lake, plan, labels, head, fresh="noop")


def _opened(lake: Store, plan: Plan) -> "DeltaTable":
    if labels := table.find(lake, plan.usecase):
        return labels
    raise _set_back(plan, 0)


def _read_back(lake: Store, plan: Plan) -> "DeltaTable":
    try:
        return _opened(lake, plan)
    except UnavailableError as error:
        raise _unknown(plan) from error


def _unknown(plan: Plan) -> UnavailableError:
    return UnavailableError(
        "commit state unknown",
        code="NL-B003",
        kept="everything; nothing was deleted",
        advice="run publish again, which is safe: it finds the commit or makes it",
        run=plan.run,
        date=plan.date,
    )


def _set_back(plan: Plan, now: int) -> RefusedError:
    return RefusedError(
        f"the labels table stands at generation {now} of {plan.date}, before the plan's {plan.generation}",
        code="NL-N003",
        kept="everything; nothing was committed",
        advice="find out who set the table back, then start a new run",
        generation=now,
    )
