"""How good the candidates of card_spending are on a real card file, forward in time.

    python benchmarks/quality.py MiBolsillo.csv
    python benchmarks/quality.py MiBolsillo.csv --months 2019-08 2019-09 2019-10 2019-11

Each month is labelled by a model that saw the earlier months only: trained and stopped with the month
before as validation, then trained again on both. The second table is the split of an experiment: one model,
the last months as holdout, as it was selected and as it is after training again on all earlier rows.
"""

import argparse
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from nightlabel import catalog
from nightlabel.contract import UseCase
from nightlabel.gate import intervals
from nightlabel.gate.baselines import group_prior, majority
from nightlabel.train.loop import refit, train
from nightlabel.validate import check
from nightlabel.version import split

METRICS = ("accuracy", "top3", "log_loss", "calibration_error", "macro_f1")


@dataclass(frozen=True)
class Answer:
    """What one model says of some rows, and what it cost."""

    model: str
    truth: NDArray[np.int64]
    probabilities: NDArray[np.float64]
    seconds: float


def main() -> None:
    """Print the figures of all candidates and of the trivial models."""
    asked = _arguments()
    usecase = catalog.load("card_spending")
    rows = _records(usecase, asked.data)
    months = asked.months or sorted(rows["month"].unique())[-usecase.card.holdout_months :]
    names = asked.candidates or list(usecase.card.candidates)
    walk = [*_trivial(usecase, rows, months)]
    walk += [_walked(usecase, rows, name, months, asked.seed) for name in names]
    _show(usecase, f"Month by month, {months[0]} to {months[-1]}", walk)
    if not asked.months:
        fixed = [answer for name in names for answer in _split(usecase, rows, name, asked.seed)]
        _show(usecase, "The split of an experiment", fixed)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", type=Path, help="a labelled card file")
    parser.add_argument("--months", nargs="+", default=[], help="months to label, such as 2019-12")
    parser.add_argument("--candidates", nargs="+", default=[], help="names of usecase.toml; default all")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def _records(usecase: UseCase, path: Path) -> pd.DataFrame:
    schema = usecase.schema
    reading = schema.read(path.read_bytes(), labelled=True)
    frame = check(reading, schema.LabelledRecord, schema.COLUMNS).frame
    month = pd.to_datetime(frame[usecase.card.split_time].astype(str)).dt.strftime("%Y-%m")
    return frame.assign(source=path.name, month=month)


def _walked(usecase: UseCase, rows: pd.DataFrame, name: str, months: list[str], seed: int) -> Answer:
    params, started, said = usecase.card.candidates[name], time.process_time(), []
    for month in months:
        earlier = rows[rows["month"] < month]
        newest = earlier["month"] == earlier["month"].max()
        trained = train(usecase, earlier[~newest], earlier[newest], params, seed)
        again = refit(usecase, trained, earlier, params, seed)
        said.append(again.probabilities(rows[rows["month"] == month]))
    seconds = (time.process_time() - started) / len(months)
    return Answer(name, _truth(usecase, _each(rows, months)), np.concatenate(said).astype(float), seconds)


def _split(usecase: UseCase, rows: pd.DataFrame, name: str, seed: int) -> Iterator[Answer]:
    card, params = usecase.card, usecase.card.candidates[name]
    roles = split(
        rows[card.split_time], holdout_months=card.holdout_months, validation_months=card.validation_months
    )
    fit, validation, holdout = (rows[roles == role] for role in ("fit", "validation", "holdout"))
    started = time.process_time()
    trained = train(usecase, fit, validation, params, seed)
    middle = time.process_time()
    again = refit(usecase, trained, pd.concat([fit, validation]), params, seed)
    ended = time.process_time()
    truth = _truth(usecase, holdout)
    yield Answer(name, truth, trained.probabilities(holdout).astype(float), middle - started)
    yield Answer(f"{name}, trained again", truth, again.probabilities(holdout).astype(float), ended - middle)


def _trivial(usecase: UseCase, rows: pd.DataFrame, months: list[str]) -> Iterator[Answer]:
    truth, classes, label = _truth(usecase, _each(rows, months)), _classes(usecase), usecase.schema.LABEL
    group = usecase.card.gates.group
    pasts = [(rows[rows["month"] < month], rows[rows["month"] == month]) for month in months]
    frequent = [majority(past[label], classes, len(now)) for past, now in pasts]
    prior = [group_prior(past, past[label], now, group, classes) for past, now in pasts]
    yield Answer("majority class", truth, np.concatenate(frequent), 0.0)
    yield Answer("client prior", truth, np.concatenate(prior), 0.0)


def _each(rows: pd.DataFrame, months: Iterable[str]) -> pd.DataFrame:
    return pd.concat([rows[rows["month"] == month] for month in months])


def _classes(usecase: UseCase) -> tuple[str, ...]:
    classes: tuple[str, ...] = usecase.schema.CLASSES  # type: ignore[attr-defined]  # this use case's own
    return classes


def _truth(usecase: UseCase, rows: pd.DataFrame) -> NDArray[np.int64]:
    found = pd.Index(_classes(usecase)).get_indexer(pd.Index(rows[usecase.schema.LABEL].astype(str)))
    return found.astype(np.int64)


def _show(usecase: UseCase, title: str, answers: list[Answer]) -> None:
    table = Table(title=f"{title}: {len(answers[0].truth)} rows, 95 % intervals", title_justify="left")
    for column in ("model", *(name.replace("_", " ") for name in METRICS), "CPU s"):
        table.add_column(column, justify="left" if column == "model" else "right")
    for answer in answers:
        spread = intervals(answer.truth, answer.probabilities, _classes(usecase))
        cells = [f"{spread[m].value:.3f} ({spread[m].low:.3f}-{spread[m].high:.3f})" for m in METRICS]
        table.add_row(answer.model, *cells, f"{answer.seconds:.1f}")
    Console(width=170).print(table)


if __name__ == "__main__":
    main()
