"""All that is sent to Datadog: the closed list of metrics and service checks, with what each says.

``nightlabel.`` stands before every name. ``docs/operations.md`` shows the same list, and the monitors and
the dashboard in ``observability/`` may name nothing else of ours; tests hold all three together.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["gauge", "count", "timing"]
Check = Literal["drift", "failure", "lateness", "experiment", "night", "registry"]


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric.

    Attributes:
        kind: How Datadog adds it up; a ``timing`` arrives there as ``.avg``, ``.max``, ``.count`` and so on.
        says: For people, with its unit.
        tags: Besides ``use_case``, which all have.
    """

    kind: Kind
    says: str
    tags: tuple[str, ...] = ()


METRICS: dict[str, Metric] = {
    "nights": Metric("count", "nights that were watched, by their drift", ("outcome",)),
    "records": Metric("count", "records of the night, labelled or quarantined", ("outcome", "code")),
    "night.files": Metric("gauge", "files of the night"),
    "night.seconds": Metric("timing", "from the first shard's start to the last one's end"),
    "night.records_per_second": Metric("gauge", "records a second, all pods together"),
    "night.pods": Metric("gauge", "pods side by side, as planned"),
    "night.forecast_low_seconds": Metric("gauge", "foretold seconds from plan to commit, if all goes well"),
    "night.forecast_middle_seconds": Metric("gauge", "the same, as likely too short as too long"),
    "night.forecast_high_seconds": Metric("gauge", "the same, if much goes ill"),
    "night.took_seconds": Metric("gauge", "seconds from plan to commit, in truth"),
    "night.late_seconds": Metric("gauge", "seconds that due labels are late; 0 where none are"),
    "night.progress": Metric("gauge", "part of the work that is done"),
    "night.progress_expected": Metric("gauge", "part that the forecast expects by now"),
    "night.shard_progress": Metric("gauge", "part of one shard that is done"),
    "night.dollars_per_million_labels": Metric("gauge", "price of pods and requests for a million labels"),
    "night.stable_columns": Metric("gauge", "watched columns that did not move"),
    "night.untested_columns": Metric("gauge", "watched columns that were not tested"),
    "night.reported_columns": Metric("gauge", "columns that moved, and do not alarm"),
    "night.alarming_columns": Metric("gauge", "columns that alarm"),
    "night.labelled_records": Metric("gauge", "labelled records of the whole partition"),
    "night.quarantined_records": Metric("gauge", "quarantined records of the whole partition"),
    "night.window_records": Metric("gauge", "records that drift was tested on"),
    "night.quarantined_share": Metric("gauge", "part of the partition in quarantine, 0 to 1"),
    "night.abstained_share": Metric("gauge", "part of the partition without a sure label, 0 to 1"),
    "night.unknown_share": Metric("gauge", "part with a category that training never saw, 0 to 1"),
    "night.mean_confidence": Metric("gauge", "mean confidence of the labels, 0 to 1"),
    "drift.value": Metric("gauge", "statistic of a watched column", ("column",)),
    "drift.share": Metric("gauge", "part of the watched columns that moved, 0 to 1"),
    "experiment.verdicts": Metric("count", "experiments, by what the gates say together", ("outcome",)),
    "experiment.gates": Metric("count", "gates of an experiment, passed or failed", ("outcome",)),
    "experiment.accuracy": Metric("gauge", "accuracy of the chosen candidate on the holdout, 0 to 1"),
    "experiment.log_loss": Metric("gauge", "its log loss on the holdout, nats"),
}

CHECKS: dict[Check, str] = {
    "lateness": "labels are not committed when they are due, or will not be",
    "night": "a night was refused, or was published in part",
    "failure": "a run of Airflow failed, or the watch cannot see",
    "registry": "the champion cannot be read: the next night could not begin",
    "drift": "a night drifted, or cannot be compared",
    "experiment": "no candidate passed the gates, or some could not be trained",
}

COMMON = ("use_case", "step")
"""Tags that any metric may have."""
