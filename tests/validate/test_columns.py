"""Validating by column: whatever it accepts, the record itself accepts with the same values."""

from datetime import date
from decimal import Decimal
from typing import Annotated

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, BeforeValidator, Field, field_validator, model_validator

from nightlabel.contract import Reading
from nightlabel.usecases.card_spending import lookalike, schema
from nightlabel.validate import accept, check, typed

COLUMNS = pa.schema(
    [("name", pa.string()), ("number", pa.int32()), ("amount", pa.decimal128(6, 2)), ("day", pa.date32())]
)


class Plain(BaseModel):
    name: Annotated[str, BeforeValidator(str.strip), Field(min_length=1)]
    number: Annotated[int, Field(ge=0)]
    amount: Annotated[Decimal, Field(max_digits=6, decimal_places=2)]
    day: date


class Crossed(Plain):
    @model_validator(mode="after")
    def _fits(self):
        if self.number == 1:
            raise ValueError("one is not allowed beside others")
        return self


class Looking(Plain):
    @field_validator("number")
    @classmethod
    def _other(cls, value, info):
        return value + len(info.data.get("name", ""))


texts = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["a", " a", "b ", "", "Ç"]),
        "number": st.sampled_from(["0", "1", "-1", "x", "07", "1.0"]),
        "amount": st.sampled_from(["1.50", "1.5", "1.555", "", "NaN", "99999.99"]),
        "day": st.sampled_from(["2026-01-31", "2026-02-30", "31.1.2026"]),
    }
)


def encoded(rows, names):
    kind = pa.dictionary(pa.int32(), pa.string())
    return pa.table({name: pa.array([row[name] for row in rows]).dictionary_encode() for name in names}).cast(
        pa.schema([(name, kind) for name in names])
    )


def assert_agree(rows, record, columns):
    names = list(record.model_fields)
    frame = pd.DataFrame(rows, columns=names, dtype="str")
    plain = check(Reading(frame), record, columns)
    accepted = accept(encoded(rows, names), record, columns)
    sound = [row for row, passed in enumerate(accepted.sound) if passed]
    assert set(sound) <= set(plain.frame.index)
    values = typed(accepted.table.filter(accepted.sound)) if len(accepted.table) else plain.frame.loc[[]]
    pd.testing.assert_frame_equal(values.set_axis(sound), plain.frame.loc[sound], check_index_type=False)
    return sound, plain


@settings(max_examples=200, deadline=None)
@given(st.lists(texts, min_size=1, max_size=12))
def test_what_is_accepted_by_column_is_what_the_record_accepts(rows):
    sound, plain = assert_agree(rows, Plain, COLUMNS)

    assert sound == list(plain.frame.index)


@pytest.mark.parametrize("record", [Crossed, Looking])
@given(st.lists(texts, min_size=1, max_size=6))
def test_rules_over_several_fields_are_left_to_the_record(record, rows):
    sound, _ = assert_agree(rows, record, COLUMNS)

    assert sound == []


def test_purchases_are_accepted_by_column_as_one_by_one():
    reading = schema.read(lookalike.make(3000, seed=8), labelled=True)
    rows = reading.frame.to_dict("records")

    sound, plain = assert_agree(rows, schema.LabelledRecord, schema.COLUMNS)

    assert sound == list(plain.frame.index)
    assert plain.faults


def test_what_was_refused_once_is_refused_again_and_forgetting_changes_nothing(monkeypatch):
    monkeypatch.setattr("nightlabel.validate.columns._REMEMBERED", 2)
    row = {"name": "a", "number": "1", "amount": "1.50", "day": "2026-01-31"}
    for number in ["1", "x", "2", "x", "3", "1", "x"]:
        accepted = accept(encoded([{**row, "number": number}], list(row)), Plain, COLUMNS)
        assert accepted.sound.tolist() == [number != "x"]
