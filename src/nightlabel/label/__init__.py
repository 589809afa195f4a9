"""Nights of labelling: a night's files -> labels, each record exactly once."""

from nightlabel.label.clean import LEAST_DAYS, Cleaning, clean
from nightlabel.label.due import STOPPED
from nightlabel.label.history import generations
from nightlabel.label.labels import last_night, read_labels
from nightlabel.label.papers import Accounting, Committed, Model, Plan, Receipt, Summary
from nightlabel.label.plan import Reason, plan, read_plan
from nightlabel.label.progress import Progress, progress
from nightlabel.label.publish import publish
from nightlabel.label.quarantine import quarantined, replay
from nightlabel.label.reading import BATCH_BYTES, BATCH_FILES
from nightlabel.label.relabel import relabel
from nightlabel.label.shard import OnProgress, label_shard
from nightlabel.label.summary import read_summary
from nightlabel.label.trace import Trace, trace
from nightlabel.label.verify import verify

__all__ = [
    "BATCH_BYTES",
    "BATCH_FILES",
    "LEAST_DAYS",
    "STOPPED",
    "Accounting",
    "Cleaning",
    "Committed",
    "Model",
    "OnProgress",
    "Plan",
    "Progress",
    "Reason",
    "Receipt",
    "Summary",
    "Trace",
    "clean",
    "generations",
    "label_shard",
    "last_night",
    "plan",
    "progress",
    "publish",
    "quarantined",
    "read_labels",
    "read_plan",
    "read_summary",
    "relabel",
    "replay",
    "trace",
    "verify",
]
