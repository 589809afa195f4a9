"""Nights of labelling: a night's files -> labels, each record exactly once."""

from nightlabel.label.history import generations
from nightlabel.label.labels import last_night, read_labels
from nightlabel.label.papers import Accounting, Committed, Model, Plan, Receipt, Summary
from nightlabel.label.plan import plan, read_plan
from nightlabel.label.publish import publish, read_summary
from nightlabel.label.quarantine import quarantined, replay
from nightlabel.label.relabel import relabel
from nightlabel.label.shard import label_shard
from nightlabel.label.verify import verify

__all__ = [
    "Accounting",
    "Committed",
    "Model",
    "Plan",
    "Receipt",
    "Summary",
    "generations",
    "label_shard",
    "last_night",
    "plan",
    "publish",
    "quarantined",
    "read_labels",
    "read_plan",
    "read_summary",
    "relabel",
    "replay",
    "verify",
]
