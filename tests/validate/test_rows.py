"""Validation knows no use case: any Pydantic record, any reading."""

from typing import Annotated

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AfterValidator, BaseModel, Field
from pydantic_core import PydanticCustomError

from nightlabel.contract import Fault, Reading
from nightlabel.validate import check, typed


def _even(number: int) -> int:
    if number % 2:
        raise PydanticCustomError("NL-A777", "{n} is odd", {"n": number})
    return number


class Pair(BaseModel):
    number: Annotated[int, AfterValidator(_even)]
    name: Annotated[str, Field(max_length=3)]


COLUMNS = pa.schema([("number", pa.int64()), ("name", pa.string())])


def reading(numbers, names=None, faults=(), index=None) -> Reading:
    frame = pd.DataFrame({"number": numbers, "name": names or ["a"] * len(numbers)}, dtype="str", index=index)
    return Reading(frame, tuple(faults))


@given(st.lists(st.text("0123456789x", max_size=4)))
def test_kept_and_quarantined_are_what_was_read(numbers):
    result = check(reading(numbers), Pair, COLUMNS)

    good = [i for i, text in enumerate(numbers) if text.isdigit() and int(text) % 2 == 0]
    assert list(result.frame.index) == good
    assert sorted([*good, *(fault.row for fault in result.faults)]) == list(range(len(numbers)))
    assert list(result.frame["number"]) == [int(numbers[i]) for i in good]


def test_a_validator_gives_its_own_code_and_all_others_share_one():
    result = check(reading(["1", "x", "2"], ["a", "a", "long"]), Pair, COLUMNS)

    assert [fault.code for fault in result.faults] == ["NL-A777", "NL-A009", "NL-A009"]
    assert result.faults[0].detail == "number: 1 is odd"
    assert result.faults[2].detail.startswith("name: ")


def test_faults_of_reading_come_along_in_the_order_of_rows():
    torn = [Fault(1, "NL-A005", "torn"), Fault(4, "NL-A005", "torn")]
    result = check(reading(["2", "3", "4"], faults=torn, index=[0, 2, 3]), Pair, COLUMNS)

    assert [fault.row for fault in result.faults] == [1, 2, 4]
    assert list(result.frame.index) == [0, 3]


def test_a_record_with_two_faults_is_quarantined_once():
    result = check(reading(["1"], ["long"]), Pair, COLUMNS)

    assert len(result.faults) == 1
    assert result.frame.empty


@pytest.mark.parametrize("numbers", [[], ["2"], ["1"]])
def test_types_do_not_depend_on_the_number_of_records(numbers):
    frame = check(reading(numbers), Pair, COLUMNS).frame

    assert list(map(str, frame.dtypes)) == ["int64", "str"]
    assert frame.index.dtype == "int64"


def test_a_file_larger_than_one_chunk_keeps_every_ordinal():
    numbers = [str(n) for n in range(25_000)]
    result = check(reading(numbers), Pair, COLUMNS)

    assert list(result.frame.index) == list(range(0, 25_000, 2))
    assert [fault.row for fault in result.faults] == list(range(1, 25_000, 2))


def test_stored_records_come_back_as_they_were():
    table = pa.table(
        {"day": pa.array([1], pa.date32()), "sum": pa.array(["1.10"]).cast(pa.decimal128(12, 2))}
    )
    frame = typed(table)

    assert pa.Table.from_pandas(frame, schema=table.schema, preserve_index=False).equals(table)


def test_a_hostile_message_is_escaped_and_cut():
    class Echo(BaseModel):
        name: Annotated[str, AfterValidator(_echo)]

    frame = pd.DataFrame({"name": ["\x1b[2J\n" + "x" * 900]}, dtype="str")
    detail = check(Reading(frame), Echo, pa.schema([("name", pa.string())])).faults[0].detail

    assert detail.startswith("name: \\x1b[2J\\n")
    assert len(detail) == 200


def _echo(text: str) -> str:
    raise PydanticCustomError("NL-A009", "{text}", {"text": text})
