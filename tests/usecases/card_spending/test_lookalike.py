"""Made card files read as the real one does, and any card file becomes a nightly inbox."""

import re
from collections import Counter
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nightlabel.errors import RefusedError
from nightlabel.usecases.card_spending import lookalike, schema
from nightlabel.validate import check

ACCOUNT = ["safra_abertura", "cidade", "estado", "idade", "sexo"]
NIGHT = date(2020, 4, 1)


@pytest.fixture(scope="module")
def made() -> bytes:
    return lookalike.make(3000, seed=1)


@pytest.fixture(scope="module")
def records(made):
    return check(schema.read(made, labelled=True), schema.LabelledRecord, schema.COLUMNS)


@settings(max_examples=20)
@given(st.integers(0, 200), st.integers(0, 2**32))
def test_every_made_line_is_a_record_or_lacks_its_amount(number, seed):
    payload = lookalike.make(number, seed)
    result = check(schema.read(payload, labelled=True), schema.LabelledRecord, schema.COLUMNS)

    assert len(result.frame) + len(result.faults) == number
    assert all("missing amount" in fault.detail for fault in result.faults)


def test_the_same_seed_makes_the_same_bytes():
    assert lookalike.make(50, 3) == lookalike.make(50, 3) != lookalike.make(50, 4)


def test_another_period_has_new_purchases_of_the_same_clients(records):
    payload = lookalike.make(3000, 1, first_day=date(2026, 1, 1), days=31)
    later = schema.read(payload, labelled=True).frame

    assert set(later["id"]) == set(records.frame["id"])
    assert {text[-7:] for text in later["data"]} == {"01.2026"}


def test_the_quirks_of_the_real_format_are_there(made, records):
    text = made.decode("mac_roman")

    assert text.startswith(lookalike.HEADER + "\r\n")
    assert text.count("\r\n") == text.count("\n") == 3001
    for quirk in (
        "SERVIÇO",
        " -   ;",
        "E\\+11;",
        "SAOPAULO",
        "SaoPaulo",
        ";SP ;",
        r";\d,\d;",
        r";\d\.\d{3},\d\d;",
    ):
        assert re.search(quirk, text), quirk
    assert len(set(text.splitlines())) < 3001, "no line is repeated"
    assert records.faults


def test_there_are_29_clients_in_blocks_over_12_months(records):
    clients = records.frame[ACCOUNT].astype(str).agg("/".join, axis=1)
    blocks = 1 + (clients != clients.shift()).iloc[1:].sum()
    months = {(day.year, day.month) for day in records.frame["data"]}

    assert blocks == clients.nunique() == 29
    assert len(months) == 12
    assert records.frame["id"].nunique() == 28


def test_the_largest_class_is_that_of_the_real_file_and_most_classes_occur(records):
    shares = records.frame[schema.LABEL].value_counts(normalize=True)

    assert shares.index[0] == "SERVIÇO"
    assert 0.25 < shares.iloc[0] < 0.45
    assert len(shares) >= 15


def test_no_line_of_the_real_file_is_made(made, real_cards):
    real = set(real_cards.read_bytes().split(b"\r\n")[1:])

    assert not (set(made.split(b"\r\n")[1:]) - {b""}) & real


def test_an_inbox_holds_every_line_once_without_its_label(made):
    files = lookalike.inbox(made, undated=NIGHT)
    lines = Counter(line for content in files.values() for line in content.split(b"\n")[1:-1])
    fields = [line.split(b";") for line in made.split(b"\n")[1:-1]]

    assert lines == Counter(b";".join(row[:10] + row[11:]) for row in fields)
    assert not any(b"RESTAURANTE" in content for content in files.values())


def test_a_file_of_the_inbox_has_one_account_and_one_day():
    for key, content in lookalike.inbox(lookalike.make(200, 5), undated=NIGHT).items():
        reading = schema.read(content, labelled=False)
        result = check(reading, schema.Record, schema.COLUMNS)

        assert len(reading.frame[ACCOUNT].drop_duplicates()) == 1
        assert {f"date={day}" for day in result.frame["data"]} <= {key.split("/")[0]}


def test_the_real_file_becomes_an_inbox_without_loss(real_cards):
    files = lookalike.inbox(real_cards.read_bytes(), undated=NIGHT)

    assert sum(content.count(b"\r\n") - 1 for content in files.values()) == 3962
    assert len({key.split("/")[1] for key in files}) == 29
    assert not any(key.endswith("undated.csv") for key in files)


@pytest.mark.parametrize("removed", range(13))
def test_a_line_without_a_day_or_a_field_stays_faulty_and_waits_where_it_is_told(made, removed):
    header, first, *_ = made.split(b"\r\n")
    fields = first.split(b";")
    torn = b";".join(fields[:removed] + fields[removed + 1 :])
    undated = first.replace(fields[8], b"31.02.2020")
    files = lookalike.inbox(b"\r\n".join([header, torn, undated]), undated=NIGHT)

    assert list(files) == ["date=2020-04-01/undated.csv"]
    result = check(schema.read(*files.values(), labelled=False), schema.Record, schema.COLUMNS)
    assert [fault.code for fault in result.faults] == ["NL-A005", "NL-A003"]


def test_a_key_tells_nothing_of_a_client(made):
    for key in lookalike.inbox(made, undated=NIGHT):
        day, name = key.split("/")
        assert date.fromisoformat(day.removeprefix("date="))
        assert 1 <= int(name.removeprefix("account-").removesuffix(".csv")) <= 29


def test_an_empty_file_makes_an_empty_inbox_and_a_foreign_one_is_refused():
    assert lookalike.inbox(b"", undated=NIGHT) == {}
    with pytest.raises(RefusedError) as refusal:
        lookalike.inbox(b"a;b\n1;2\n", undated=NIGHT)
    assert refusal.value.code == "NL-A004"
