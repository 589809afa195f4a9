"""Three broken engines, each by the mistake that a labelling engine is likeliest to make.

They break the engine of the process that calls them; the source knows nothing of them.
"""

import importlib

from deltalake import DeltaTable

from nightlabel.label import history, inputs, receipts, replace, shard, table
from nightlabel.label.papers import DataFile
from tests.soak import ledger

PUBLISH = importlib.import_module("nightlabel.label.publish")


def workers_commit():
    """A worker shows its labels itself as soon as it has them; publishing adds what is left."""
    work, commit = shard._work, table.commit

    def work_and_show(attempt, planned, *args, **bounds):
        receipt, labels = work(attempt, planned, *args, **bounds), table.find(attempt.lake, "tiny")
        actions = [table._added(file, receipt.date) for file in receipt.data]
        labels.create_write_transaction(actions, "append", labels.schema(), partition_by=table.PARTITIONS)
        return receipt

    def rest(labels, facts, *, add, remove):
        there = {file.path for file in table.files(labels)}
        commit(labels, facts, add=[file for file in add if file.path not in there], remove=remove)

    shard._work, table.commit = work_and_show, rest


def files_decide():
    """Publishing takes in whatever data files of the date are there, also those without a receipt."""
    complete = receipts.complete

    def everything(lake, plan):
        found = complete(lake, plan)
        named = {file.path for receipt in found for file in receipt.data}
        named |= {a["add"]["path"] for _, actions in ledger.log(lake) for a in actions if "add" in a}
        orphans = sorted(receipts.data_sizes(lake, "tiny", plan.date).keys() - named)
        data = [*found[0].data, *(_data_file(lake, path) for path in orphans)] if found else []
        return [found[0].model_copy(update={"data": tuple(data)}), *found[1:]] if found else found

    receipts.complete, receipts.add_up = everything, lambda *_: None


def last_one_wins():
    """Publishing puts the plan's state over the newest one, whatever was committed since the plan."""
    PUBLISH._standing, PUBLISH._try = _committed, _overwrite


def _data_file(lake, path):
    rows = len(list(ledger.rows(lake, path)))
    outcome = "labelled" if "outcome=labelled" in path else "quarantined"
    size = lake.head(f"tiny/labels/{path}").size
    return DataFile(path=path, outcome=outcome, rows=rows, size=size, sha256="")


def _committed(lake, plan, labels):
    return next((c for c in table.commits(labels, plan.date) if c.run == plan.run), None)


def _overwrite(lake, plan, checked, labels):
    planned = DeltaTable(labels.table_uri, plan.table_version, storage_options=table._options(lake))
    taken = set(inputs.tables(lake, plan, plan.shards).column("source").to_pylist())
    gone = replace.removal(lake, plan, table.files(planned, plan.date), taken)
    stays = [file for file in table.files(planned, plan.date) if file not in gone.remove]
    wanted = [*stays, *gone.add, *(file for receipt in checked for file in receipt.data)]
    there, names = table.files(labels, plan.date), {file.path for file in wanted}
    head = history.head(labels, plan.usecase, plan.date)
    facts = {
        "usecase": plan.usecase,
        "date": plan.date,
        "generation": 1 + (head.generation if head else 0),
        "run": plan.run,
        "files": plan.files,
        "ids": receipts.ids(checked).model_dump(),
        "replaced": gone.ids.model_dump(),
    }
    table.commit(
        labels,
        facts,
        add=[file for file in wanted if file.path not in {known.path for known in there}],
        remove=[file for file in there if file.path not in names],
    )


MUTANTS = {mutant.__name__: mutant for mutant in (workers_commit, files_decide, last_one_wins)}
"""What breaks the engine, by name."""


def mutate(name):
    """Break the engine of this process; the empty name leaves it whole."""
    if name:
        MUTANTS[name]()
