"""What a report is made from: plain values, as the steps of an experiment leave them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

Numbers = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One model on the holdout.

    Attributes:
        name: Name of the candidate; version of the champion.
        metrics: By name, as ``Metrics.to_json`` gives them; ``classes`` lists name, support, precision,
            recall and f1 of each class.
        intervals: ``value``, ``low`` and ``high`` by name of the metric; may be empty.
        seconds_per_100k: Labelling time of 100,000 records, seconds.
        size_mb: Size of the model's files, MB.
    """

    name: str
    metrics: Numbers
    intervals: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    seconds_per_100k: float | None = None
    size_mb: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """One version of the data set.

    Attributes:
        version: MD5 of the data set.
        rows: Valid records.
        first: Day of the first record.
        last: Day of the last record.
        shares: Share of the records by class, 0 to 1.
    """

    version: str
    rows: int
    first: str = ""
    last: str = ""
    shares: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cell:
    """How often one class is called another on the holdout, by the new and by the current model."""

    truth: str
    called: str
    new: int
    current: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportInput:
    """All that a report tells; what is ``None`` is said to be missing.

    Attributes:
        usecase: Name of the use case.
        run: Name of the experiment's run.
        verdict: As ``Verdict.to_json`` gives it: outcome, candidate, champion and gates.
        new: The winner on the holdout.
        data: The data set that it was trained on.
        seed: Seed of everything random.
        note: One line of the person who asked for the experiment.
        missing: One sentence for each candidate that could not be trained.
        current: The champion on the same rows; none yet.
        parts: Slices and classes, as ``Part.model_dump`` gives them.
        confusion: Cells of the confusion matrices; see ``confusion_cells``.
        picture: Web address of a picture of the confusion, or empty.
        changes: One row per record of the last night: ``source``, ``row``, ``old_label``,
            ``old_confidence``, ``new_label``, ``new_confidence``; further columns are never shown.
        night: Label date of the last night.
        data_before: The data set that the champion was trained on.
        links: Web addresses by what they show.
    """

    usecase: str
    run: str
    verdict: Mapping[str, Any]
    new: Model
    data: Data
    seed: int
    note: str = ""
    missing: Sequence[str] = ()
    current: Model | None = None
    parts: Sequence[Mapping[str, Any]] | None = None
    confusion: Sequence[Cell] | None = None
    picture: str = ""
    changes: "pd.DataFrame | None" = None
    night: str = ""
    data_before: Data | None = None
    links: Mapping[str, str] = field(default_factory=dict)


def confusion_cells(truth: Sequence[str], new: Sequence[str], current: Sequence[str]) -> list[Cell]:
    """Count how often each class is called which, by both models.

    Args:
        truth: True class of each holdout row.
        new: Class that the new model names for it.
        current: The same of the current model.

    Returns:
        Every cell that either model fills, the largest change first.
    """
    called = Counter(zip(truth, new, strict=True)), Counter(zip(truth, current, strict=True))
    cells = [Cell(*pair, called[0][pair], called[1][pair]) for pair in called[0].keys() | called[1].keys()]
    return sorted(cells, key=lambda cell: (-abs(cell.new - cell.current), cell.truth, cell.called))
