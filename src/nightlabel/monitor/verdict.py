"""The drift verdict of one night: its words, without any library of statistics."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Status = Literal["stable", "drifted", "not computable", "too small"]

PREDICTIONS = ("label", "confidence")
"""The watched columns that the model writes; every other one is an input."""


@dataclass(frozen=True, slots=True)
class Window:
    """The nights whose records are tested together.

    Attributes:
        date: The night that the test is about, ISO date.
        nights: The joined nights, ISO dates, the oldest first.
        rows: Labelled records in them.
        enough: ``rows`` reaches the card's ``window_rows``; else nothing is tested.
    """

    date: str
    nights: tuple[str, ...]
    rows: int
    enough: bool


@dataclass(frozen=True, slots=True)
class ColumnDrift:
    """How one column compares with the training snapshot.

    Attributes:
        method: The statistic, from the card.
        threshold: Value from which the column counts as drifted; for ``ks``, a p-value, up to which.
        alarm: Drift of this column alarms; else it is only reported.
        value: The statistic's value; nothing where it cannot be computed.
        status: ``stable``, ``drifted`` or ``not computable``.
        code: Why, where the value alone does not say it.
        reason: The same in one sentence.
    """

    name: str
    method: str
    threshold: float
    alarm: bool
    value: float | None
    status: Status
    code: str = ""
    reason: str = ""

    @property
    def drifted(self) -> bool:
        """Whether the column moved."""
        return self.status == "drifted"

    @property
    def alarming(self) -> bool:
        """Whether people must be told: it moved and is watched for that, or nothing can be said of it."""
        return self.status == "not computable" or (self.drifted and self.alarm)


@dataclass(frozen=True, slots=True)
class DriftReport:
    """The verdict over all watched columns.

    Attributes:
        usecase: The use case.
        model_version: The version whose snapshot is the reference.
        window: What was tested.
        rows: Records that were compared, after sampling.
        reference_rows: Records of the training snapshot.
        columns: One result for each watched column, in the order of the card.
        figures: Further values of the night that the dashboard shows.
    """

    usecase: str
    model_version: str
    window: Window
    rows: int
    reference_rows: int
    columns: tuple[ColumnDrift, ...]
    figures: dict[str, float] = field(default_factory=dict)

    @property
    def status(self) -> Status:
        """The verdict; a column that cannot be computed outweighs one that drifted."""
        if not self.window.enough:
            return "too small"
        if any(column.status == "not computable" for column in self.columns):
            return "not computable"
        return "drifted" if any(column.alarming for column in self.columns) else "stable"

    @property
    def alarming(self) -> bool:
        """Whether people must be told."""
        return self.status in ("drifted", "not computable")

    @property
    def share(self) -> float:
        """Share of the watched columns that drifted, those without alarm included."""
        return sum(column.drifted for column in self.columns) / max(len(self.columns), 1)

    @property
    def sentence(self) -> str:
        """The verdict in one sentence, for an alarm."""
        if self.status == "too small":
            nights = f"{count} nights" if (count := len(self.window.nights)) != 1 else "1 night"
            return f"{self.window.rows} records in {nights} are too few to test"
        told = [column for column in self.columns if column.alarming]
        return "; ".join(map(_said, told)) or f"no watched column moved in {self.rows} records"

    def to_json(self) -> dict[str, Any]:
        """Give the report as plain values."""
        columns = [asdict(column) | {"drifted": column.drifted} for column in self.columns]
        verdict = {"status": self.status, "alarm": self.alarming, "share": self.share}
        return verdict | {"sentence": self.sentence} | asdict(self) | {"columns": columns}


def _said(column: ColumnDrift) -> str:
    return (
        column.reason or f"{column.name}: {column.method} {column.value:.3f}, threshold {column.threshold:g}"
    )
