"""The card of a use case: ``usecase.toml``, all that the orchestrator must know without any Python."""

from datetime import timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")]
Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PodSize(_Closed):
    """What one pod asks for, and its limit."""

    cpu: Positive = 1.0
    memory_mb: int = Field(default=1024, ge=128)


class Gates(_Closed):
    """The rules of an experiment, set before it runs. There is no switch that opens one.

    Attributes:
        accuracy_at_least: Floor of the holdout accuracy.
        log_loss_at_most: Ceiling of the holdout log loss, nats.
        top3_at_least: Floor of the share of rows whose class is among the three most probable.
        calibration_error_at_most: Ceiling of the expected calibration error (15 bins of equal width).
        largest_class_at_most: Ceiling of the share of predictions that name one class.
        over_majority: Accuracy above that of always naming the most frequent class.
        over_group_prior: Accuracy above that of naming the most frequent class of the row's group.
        group: Columns that make the group of ``over_group_prior``.
        log_loss_skill_at_least: ``1 - log loss / log loss of the class frequencies``.
        accuracy_suspicious: Accuracy from which a leak is suspected.
        log_loss_suspicious: Log loss below which a leak is suspected.
        champion_accuracy_margin: Accuracy that a better log loss may cost against the champion.
        confidence: Confidence of each bound of the paired bootstrap, one-sided.
        slices: Columns whose values make slices; ``month`` is the month of the record, ``group`` the
            group of ``over_group_prior``.
        class_rows: Training rows from which a class must not be lost.
        class_kept_at_least: Mean probability that such a class keeps on the holdout, as a share of its
            frequency in training.
        slice_support: Smallest number of holdout rows of a slice or class that is tested.
        slice_loss_at_most: Accuracy that a slice may lose against its reference.
        slice_significance: Family-wise error of all slice tests together (Holm).
        seconds_per_100k_at_most: Labelling time of 100,000 records, seconds.
        size_mb_at_most: Size of the model's files, MB.
    """

    accuracy_at_least: Share
    log_loss_at_most: Positive
    top3_at_least: Share
    calibration_error_at_most: Share
    largest_class_at_most: Share
    over_majority: Share
    over_group_prior: Share
    group: tuple[str, ...] = Field(min_length=1)
    log_loss_skill_at_least: Share
    accuracy_suspicious: Share
    log_loss_suspicious: Positive
    champion_accuracy_margin: Share
    confidence: Share = 0.95
    class_rows: int = Field(default=20, ge=1)
    class_kept_at_least: Share = 0.25
    slices: tuple[str, ...] = ()
    slice_support: int = Field(default=60, ge=20)
    slice_loss_at_most: Share = 0.10
    slice_significance: Share = 0.05
    seconds_per_100k_at_most: Positive
    size_mb_at_most: Positive


class DriftColumn(_Closed):
    """How one column is compared with the training snapshot.

    Attributes:
        method: Name of Evidently's statistic; fixed, never left to the number of rows. ``psi`` of a
            number is taken over the deciles of the training snapshot.
        threshold: Value of the statistic from which the column counts as drifted; for ``ks``, a p-value,
            up to which.
        alarm: Drift of this column alarms; else it is only reported.
    """

    kind: Literal["number", "category"]
    method: Literal["psi", "wasserstein", "jensenshannon", "ks"]
    threshold: Positive
    alarm: bool = True


class Monitoring(_Closed):
    """What is watched after a night.

    Attributes:
        columns: The watched columns, inputs and predictions.
        window_rows: Smallest number of records that is tested; younger nights are joined by older ones.
        window_nights: Largest number of nights that are joined.
        unknown_share_at_most: Share of records with a category never seen in training above which a
            night stops before its commit.
    """

    columns: dict[str, DriftColumn] = Field(min_length=1)
    window_rows: int = Field(default=350, ge=200)
    window_nights: int = Field(default=60, ge=1)
    unknown_share_at_most: Share = 0.05


class Card(_Closed):
    """One use case as the orchestrator sees it.

    Attributes:
        name: The use case; equals the name of its folder.
        title: One line for people.
        owner: Team that answers the alarms.
        schedule: Cron expression of the night, in ``timezone``.
        timezone: IANA zone in which a label date is a date.
        inbox: Pattern of input keys below ``inbox/date=.../``, such as ``*.csv``.
        deadline_minutes: Minutes from the start of a night in which its labels must stand.
        publish_partial: At the deadline, publish the shards that are done; else nothing before all are.
        max_pods: Largest number of shards that run side by side.
        pod: Size of one labelling pod.
        training_pod: Size of the pods of an experiment, and of the drift report.
        split_time: Column that orders the records in time.
        holdout_months: Months at the end of the data that are the holdout.
        validation_months: Months before the holdout that select the candidate.
        carry: Columns that are copied beside the label.
        abstain_below: Confidence below which a label carries the ``abstain`` mark.
        default_data: Data that the experiment form offers, a URI or a path below the lake.
        candidates: Parameters of each candidate, by its name.
        gates: The rules of an experiment.
        monitoring: What is watched after a night.
    """

    name: Name
    title: str
    owner: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
    schedule: str
    timezone: str
    inbox: str = "*"
    deadline_minutes: int = Field(default=30, ge=1)
    publish_partial: bool = False
    max_pods: int = Field(default=4, ge=1, le=64)
    pod: PodSize = PodSize()
    training_pod: PodSize = PodSize(cpu=2.0, memory_mb=4096)
    split_time: str
    holdout_months: int = Field(default=4, ge=1)
    validation_months: int = Field(default=1, ge=1)
    carry: tuple[str, ...] = ()
    abstain_below: Share = 0.5
    default_data: str = ""
    candidates: dict[Name, dict[str, Any]] = Field(min_length=2)
    gates: Gates
    monitoring: Monitoring

    @field_validator("timezone")
    @classmethod
    def _timezone_exists(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"{zone!r} is no IANA time zone") from None
        return zone

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the label date."""
        return ZoneInfo(self.timezone)

    @property
    def deadline(self) -> timedelta:
        """Time from the start of a night to its deadline."""
        return timedelta(minutes=self.deadline_minutes)
