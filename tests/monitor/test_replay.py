"""The real file, night by night: three quiet weeks stay quiet, and every injected shift is flagged."""

import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.preprocessing import OrdinalEncoder

from nightlabel import catalog
from nightlabel.monitor.drift import drift
from nightlabel.monitor.reference import snapshot
from nightlabel.monitor.window import choose, rows_by_night
from nightlabel.validate import check

FITTED_TO, TRAINED_TO = pd.Timestamp("2019-11-01"), pd.Timestamp("2019-12-01")
QUIET = [f"2020-01-{day:02}" for day in range(6, 27)]
FEATURES = ["cidade", "idade", "sexo", "cidade_estabelecimento", "pais_estabelecimento", "limite_total"]


class Replay:
    """The card file with the predictions of a model that was fitted on the rows before November."""

    def __init__(self, payload: bytes) -> None:
        self.usecase = catalog.load("card_spending")
        schema = self.usecase.schema
        rows = check(schema.read(payload, labelled=True), schema.LabelledRecord, schema.COLUMNS).frame
        days = pd.to_datetime(rows["data"])
        predictions = _predictions(rows, rows[schema.LABEL], days)
        before = days < TRAINED_TO
        self.reference = snapshot(self.usecase.card, rows[before], predictions[before[predictions.index]])
        self.records = rows.join(predictions, how="inner")
        self.records["date"] = days.dt.strftime("%Y-%m-%d")

    def night(self, date: str, shift=None):
        """Give the verdict of one night; ``shift`` changes the records of its window."""
        card = self.usecase.card
        window = choose(rows_by_night(self.records), date, card.monitoring)
        current = self.records[self.records["date"].isin(window.nights)].drop(columns="date")
        return drift(card, window, self.reference, shift(current) if shift else current).report


def _predictions(rows: pd.DataFrame, labels: pd.Series, days: pd.Series) -> pd.DataFrame:
    inputs = OrdinalEncoder().fit_transform(rows[FEATURES].astype(str))
    inputs = pd.DataFrame(inputs, rows.index).assign(valor=rows["valor"].astype(float))
    inputs.columns = inputs.columns.astype(str)
    model = RandomForestClassifier(60, min_samples_leaf=3, random_state=0, n_jobs=1)
    model.fit(inputs[days < FITTED_TO], labels[days < FITTED_TO])
    probabilities = model.predict_proba(inputs[days >= FITTED_TO])
    return pd.DataFrame(
        {"label": model.classes_[probabilities.argmax(1)], "confidence": probabilities.max(1)},
        index=rows.index[days >= FITTED_TO],
    )


@pytest.fixture(scope="module")
def replay(real_cards) -> Replay:
    return Replay(real_cards.read_bytes())


def test_three_quiet_weeks_are_not_flagged(replay):
    verdicts = {date: replay.night(date) for date in QUIET}

    assert {date: v.sentence for date, v in verdicts.items() if v.status != "stable"} == {}
    assert min(verdict.rows for verdict in verdicts.values()) >= 350


SHIFTS = {
    "cents lost": ("valor", lambda f: f.assign(valor=f["valor"].astype(float) * 100)),
    "prices up by two thirds": ("valor", lambda f: f.assign(valor=f["valor"].astype(float) * 1.67)),
    "another spelling": (
        "cidade_estabelecimento",
        lambda f: f.assign(cidade_estabelecimento=f["cidade_estabelecimento"].str.title()),
    ),
    "a tenth abroad": (
        "pais_estabelecimento",
        lambda f: f.assign(pais_estabelecimento=f["pais_estabelecimento"].mask(_every(f, 8), "US")),
    ),
    "one label for all": ("label", lambda f: f.assign(label="VAREJO")),
    "a model that lost its confidence": (
        "confidence",
        lambda f: f.assign(confidence=f["confidence"] * 0.7),
    ),
}


def _every(frame: pd.DataFrame, nth: int) -> list[bool]:
    return [row % nth == 0 for row in range(len(frame))]


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
