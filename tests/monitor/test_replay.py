"""The real file, night by night: three quiet weeks stay quiet, and every injected shift is flagged."""

import pandas as pd
import pytest

from nightlabel import catalog
from nightlabel.monitor.drift import drift
from nightlabel.monitor.reference import snapshot
from nightlabel.monitor.window import choose
from nightlabel.train import loop
from nightlabel.validate import check

FITTED_TO, STOPPED_BY, TRAINED_TO = map(pd.Timestamp, ("2019-10-01", "2019-11-01", "2019-12-01"))
QUIET = [f"2020-01-{day:02}" for day in range(6, 27)]
ACCOUNT = ["safra_abertura", "cidade", "estado", "idade", "sexo"]


class Replay:
    """The card file with the labels of a model that was trained on the rows before November."""

    def __init__(self, payload: bytes) -> None:
        self.usecase = catalog.load("card_spending")
        schema = self.usecase.schema
        rows = check(schema.read(payload, labelled=True), schema.LabelledRecord, schema.COLUMNS).frame
        rows["source"] = rows[["data", *ACCOUNT]].astype(str).agg("-".join, axis=1)  # as a night's inbox
        days = pd.to_datetime(rows["data"])
        self.champion = _champion(self.usecase, rows, days)
        later, before = self.labelled(rows[days >= STOPPED_BY]), days < TRAINED_TO
        self.reference = snapshot(self.usecase.card, rows[before], later[before[later.index]])
        self.records = later.assign(date=days.dt.strftime("%Y-%m-%d"))

    def labelled(self, rows: pd.DataFrame) -> pd.DataFrame:
        said = self.champion.probabilities(rows)
        names = pd.Index(self.champion.encoder.classes)
        return rows.assign(label=names[said.argmax(1)], confidence=said.max(1))

    def night(self, date: str, shift=None):
        """Give the verdict of one night; ``shift`` changes the records of its window."""
        card = self.usecase.card
        window = choose(self.records["date"].value_counts().to_dict(), date, card.monitoring)
        current = self.records[self.records["date"].isin(window.nights)].drop(columns="date")
        return drift(card, window, self.reference, shift(current) if shift else current).report


def _champion(usecase, rows: pd.DataFrame, days: pd.Series):
    """Train the recipe that is in production; another month says when to stop."""
    asked = catalog.params(usecase)
    fit, validation = rows[days < FITTED_TO], rows[(days >= FITTED_TO) & (days < STOPPED_BY)]
    return loop.train(usecase, fit, validation, asked["params"], asked["seed"])


@pytest.fixture(scope="module")
def replay(real_cards) -> Replay:
    return Replay(real_cards.read_bytes())


def test_three_quiet_weeks_are_not_flagged(replay):
    verdicts = {date: replay.night(date) for date in QUIET}

    assert {date: v.sentence for date, v in verdicts.items() if v.status != "stable"} == {}
    assert min(verdict.rows for verdict in verdicts.values()) >= 350


FIRST_CITY = "SAO PAULO"
SHIFTS = {
    "amounts times three": ("valor", lambda f: f.assign(valor=f["valor"].astype(float) * 3)),
    "prices up by two thirds": ("valor", lambda f: f.assign(valor=f["valor"].astype(float) * 1.67)),
    "a city emptied": (
        "cidade_estabelecimento",
        lambda f: _merchants(f, lambda c: c.replace(FIRST_CITY, "")),
    ),
    "another spelling": ("cidade_estabelecimento", lambda f: _merchants(f, lambda c: c.str.title())),
    "a tenth abroad": (
        "pais_estabelecimento",
        lambda f: f.assign(pais_estabelecimento=f["pais_estabelecimento"].mask(_every(f, 10), "US")),
    ),
    "half a class named another": (
        "label",
        lambda f: f.assign(label=f["label"].mask(f["label"].eq("SERVIÇO") & _every(f, 2), "VAREJO")),
    ),
    "one label for all": ("label", lambda f: f.assign(label="VAREJO")),
    "a model that lost its confidence": (
        "confidence",
        lambda f: f.assign(confidence=f["confidence"] * 0.7),
    ),
}


def _merchants(frame: pd.DataFrame, change) -> pd.DataFrame:
    return frame.assign(cidade_estabelecimento=change(frame["cidade_estabelecimento"]))


def _every(frame: pd.DataFrame, nth: int) -> pd.Series:
    return pd.Series([row % nth == 0 for row in range(len(frame))], frame.index)


@pytest.mark.parametrize("name", SHIFTS)
@pytest.mark.parametrize("date", [QUIET[0], QUIET[-1]])
def test_an_injected_shift_is_flagged_by_its_column(replay, name, date):
    column, shift = SHIFTS[name]
    report = replay.night(date, shift)

    assert report.status == "drifted"
    assert [found.name for found in report.columns if found.alarming] == [column]


def test_a_column_that_vanishes_is_an_alarm(replay):
    report = replay.night(QUIET[0], lambda frame: frame.drop(columns="pais_estabelecimento"))

    assert (report.status, report.alarming) == ("not computable", True)
