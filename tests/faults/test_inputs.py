"""Faults of input data, in whole nights: each record is labelled or has its code, and nothing is guessed."""

import codecs
import subprocess
import sys
from decimal import Decimal

import pytest
from deltalake import write_deltalake

from nightlabel.label import generations, quarantined, read_summary, verify
from nightlabel.label.table import find
from nightlabel.store import open_lake
from tests.faults.accounting import assert_accounted
from tests.faults.cards import CARD, GOOD, NAMES, file, line, night_of
from tests.faults.nights import deliver, whole
from tests.label.nights import DATE, TINY
from tests.store.stranger import Stranger

SOUND = {"sound.csv": file(line())}


@pytest.fixture
def lake(folder_place):
    return open_lake(folder_place)


# --- A1 ---


def test_files_in_other_encodings_are_in_quarantine_at_their_first_foreign_byte(lake):
    text = file(line(cidade_estabelecimento="SERVIÇO")).decode("mac_roman")
    others = {f"{name}.csv": text.encode(name) for name in ("utf-8", "utf-16", "cp1252", "cp850")}
    doubled = {"doubled.csv": text.encode("mac_roman").decode("cp1252").encode()}

    night = night_of(lake, SOUND | others | doubled)

    assert night.labelled == {"sound.csv": [0]}
    for name, data in (others | doubled).items():
        ((row, code, detail),) = night.faults[name]
        at = int(detail.partition(" at byte ")[2].partition(":")[0])
        assert (row, code) == (None, "NL-A001")
        assert data[:at].removeprefix(codecs.BOM_UTF8).isascii()


# --- A2, A3 ---

AMOUNTS = [" -   ", "1e309", "NaN", "inf", "-3,00", "\u2212 3", "1.78,13", "3,", "", "99999999999"]
DAYS = ["31.02.2020", "2019-08-09", "43686", "08.13.2019", "29.02.2019", "9.8.19", ""]


def test_what_is_no_amount_is_in_quarantine_and_never_reaches_the_model(lake):
    texts = ["1.784,13", *(text.replace("\u2212", "-") for text in AMOUNTS), "1,5"]

    night = night_of(lake, {"a.csv": file(*(line(valor=text) for text in texts))})

    assert night.labelled["a.csv"] == [0, len(texts) - 1]
    assert night.codes("a.csv") == [(row, "NL-A002") for row in range(1, len(texts) - 1)]
    assert [value for frame in night.frames for value in frame["valor"]] == [
        Decimal("1784.13"),
        Decimal("1.50"),
    ]
    for (_, _, detail), text in zip(night.faults["a.csv"], texts[1:], strict=False):
        assert f"valor: {text!r}" in detail


def test_what_is_no_day_is_in_quarantine_and_none_is_guessed(lake):
    night = night_of(lake, {"a.csv": file(line(), *(line(data=text) for text in DAYS))})

    assert night.labelled["a.csv"] == [0]
    assert night.codes("a.csv") == [(row, "NL-A003") for row in range(1, len(DAYS) + 1)]


# --- A4 ---


def test_a_header_is_taken_in_any_order_or_its_file_is_in_quarantine_by_name(lake):
    turned = ";".join(reversed(line().split(";")))
    less = [name for name in NAMES if name != "data"]
    night = night_of(
        lake,
        {
            "blanks.csv": file(line(), header=";".join(f" {name} " for name in NAMES)),
            "mark.csv": codecs.BOM_UTF8 + file(line()),
            "turned.csv": file(turned, header=";".join(reversed(NAMES))),
            "more.csv": file(f"{line()};red", header=";".join([*NAMES, "hue"])),
            "twice.csv": file(f"{line()};37", header=";".join([*NAMES, "idade"])),
            "less.csv": file(";".join(GOOD[name] for name in less), header=";".join(less)),
        },
    )

    assert night.labelled == {f"{name}.csv": [0] for name in ("blanks", "mark", "turned", "more")}
    assert {name: night.codes(name) for name in night.faults} == {
        "twice.csv": [(None, "NL-A004")],
        "less.csv": [(None, "NL-A004")],
    }
    assert "misses [data]; found [id, " in night.faults["less.csv"][0][2]
    assert night.receipt.extra_columns == {"hue": 1}
    assert len({tuple(row) for frame in night.frames for row in frame.drop(columns="source").values}) == 1


# --- A6 ---


def test_rows_that_repeat_and_files_that_are_there_twice_are_each_labelled_once(lake):
    data = file(line(), line(), line(id="1"))

    night = night_of(lake, {"a.csv": data, "copy.csv": data})

    assert night.labelled == {"a.csv": [0, 1, 2], "copy.csv": [0, 1, 2]}
    assert verify(CARD, lake, DATE).duplicates == 0


# --- A7 ---


@pytest.mark.parametrize("empty", [{}, {"a.csv": b""}, {"a.csv": file()}, {"a.csv": b" \r\n\t\r\n"}])
def test_nothing_to_label_is_a_committed_day_without_records(lake, empty):
    night_of(lake, empty) if empty else whole_of_nothing(lake)

    usecase = "card_spending" if empty else "tiny"
    assert len(generations(lake, usecase, DATE)) == 1
    assert read_summary(lake, usecase, DATE, "night").empty
    assert generations(lake, usecase, "2026-02-01") == []


def whole_of_nothing(lake):
    made, _ = whole(lake)
    assert assert_accounted(lake, TINY, DATE, made) == {}


# --- A8 ---


def test_a_line_of_a_hundred_megabytes_is_one_record_and_is_never_held(tmp_path):
    command = [sys.executable, "-m", "tests.faults.longest", str(tmp_path)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    grown, _, rest = told.partition(" ")

    assert rest.strip() == "[0, 2] [(1, 'NL-A008')]"
    assert int(grown) < 80


# --- A11 ---


def test_hostile_content_is_plain_text_wherever_people_read_it(lake):
    formula = "=cmd|' /C calc'!A0"
    hostile = file(line(valor="\x1b[31m" + formula), line(cidade_estabelecimento=formula))

    night = night_of(lake, {"a.csv": hostile})

    ((row, code, detail),) = night.faults["a.csv"]
    assert (night.labelled["a.csv"], row, code) == ([1], 0, "NL-A002")
    assert "\\x1b[31m=cmd" in detail
    told = quarantined(CARD, lake, DATE)
    assert all(text.isprintable() for examples in told["examples"] for text in examples)


HOSTILE = ["..%2F..%2Fx.csv", "a#b?c.csv", "=cmd.csv", "cafe\u0301.csv", "caf\xe9.csv", "\x1b[31m.csv"]


def test_hostile_keys_are_labelled_or_in_quarantine_under_exactly_their_names(faulty_lake):
    stranger = Stranger(faulty_lake)
    for name in HOSTILE:
        stranger.drop(f"tiny/inbox/date={DATE}/{name}", b"word;amount\ncat;1")
    stranger.drop(f"tiny/inbox/date={DATE}/folder/", b"")

    made, _ = whole(faulty_lake)

    rows = find(faulty_lake, "tiny").to_pyarrow_table().to_pylist()
    stands = {row["source"].rpartition("/")[2]: row["label"] or row["error_code"] for row in rows}
    assert made.files == len(rows) == len(HOSTILE)
    assert stands == dict.fromkeys(HOSTILE, "odd") | {"\x1b[31m.csv": "NL-B013"}


# --- the invariant itself ---


def add(table, rows):
    write_deltalake(table, rows, mode="append")


@pytest.mark.parametrize("breach", ["lost", "doubled", "foreign", "other bytes"])
def test_the_accounting_of_these_tests_finds_what_does_not_add_up(lake, breach):
    deliver(lake)
    made, _ = whole(lake)
    assert_accounted(lake, TINY, DATE, made)
    table = find(lake, "tiny")
    if breach == "lost":
        table.delete("source like '%a.csv' and row = 0")
    elif breach == "doubled":
        add(table, table.to_pyarrow_table().slice(0, 1))
    elif breach == "foreign":
        rows = table.to_pyarrow_table().slice(0, 1)
        at = rows.schema.get_field_index("source")
        add(table, rows.set_column(at, "source", [["x"]]))
    else:
        first, second = sorted(entry.key for entry in lake.list(f"tiny/labels/date={DATE}"))
        lake.put(first, lake.get(second))

    with pytest.raises(AssertionError):
        assert_accounted(lake, TINY, DATE, made)
