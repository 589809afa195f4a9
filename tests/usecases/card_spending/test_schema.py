"""Reading card files and their records: exact, or quarantine with a code."""

import codecs
import re
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightlabel.errors import QuarantineError
from nightlabel.usecases.card_spending import schema
from nightlabel.validate import check

HEADER = (
    "id;safra_abertura;cidade;estado;idade;sexo;limite_total;limite_disp;data; valor ;"
    "grupo_estabelecimento;cidade_estabelecimento;pais_estabelecimento"
)
GOOD = {
    "id": "4,53E+11",
    "safra_abertura": "201405",
    "cidade": "SOROCABA              ",
    "estado": "SP ",
    "idade": "37",
    "sexo": "F",
    "limite_total": "4700",
    "limite_disp": "5605",
    "data": "4.12.2019",
    "valor": "31",
    "grupo_estabelecimento": "SERVIÇO",
    "cidade_estabelecimento": "SAO PAULO",
    "pais_estabelecimento": "BR",
}
NO_CEDILLA = re.compile(rb"[a-z]\x82|\x82[a-z]")
NAMES = [name.strip() for name in HEADER.split(";")]


def line(**changed: str) -> str:
    return ";".join({**GOOD, **changed}[name] for name in NAMES)


def file(*lines: str, header: str = HEADER, end: str = "\r\n") -> bytes:
    return "".join(text + end for text in (header, *lines)).encode("mac_roman")


def checked(payload: bytes):
    return check(schema.read(payload, labelled=True), schema.LabelledRecord, schema.COLUMNS)


def refusal(payload: bytes, *, labelled: bool = True) -> QuarantineError:
    with pytest.raises(QuarantineError) as caught:
        schema.read(payload, labelled=labelled)
    return caught.value


def test_every_row_of_the_real_file_is_accounted_for(real_cards):
    result = checked(real_cards.read_bytes())

    assert Counter(fault.code for fault in result.faults) == {"NL-A002": 10}
    assert len(result.frame) + len(result.faults) == 3962
    assert set(result.frame.index) | {fault.row for fault in result.faults} == set(range(3962))


def test_amounts_of_the_real_file_are_right_to_the_cent_in_each_row(real_cards):
    rows = [row.split(b";") for row in real_cards.read_bytes().split(b"\r\n")[1:-1]]
    frame = checked(real_cards.read_bytes()).frame

    cents = {i: _cents(row[9].decode()) for i, row in enumerate(rows) if b"-" not in row[9]}
    got = {i: int(valor.scaleb(2)) for i, valor in frame["valor"].items()}
    assert got == cents
    assert sum(got.values()) == sum(cents.values()) > 0


def _cents(text: str) -> int:
    """Count cents digit by digit, unlike the code under test."""
    whole, _, rest = text.strip().partition(",")
    return int("".join(c for c in whole if c.isdigit())) * 100 + int((rest + "00")[:2])


def test_dates_of_the_real_file_are_those_of_strptime(real_cards):
    rows = [row.split(b";") for row in real_cards.read_bytes().split(b"\r\n")[1:-1]]

    for i, day in checked(real_cards.read_bytes()).frame["data"].items():
        text = rows[i][8].decode()
        assert day == datetime.strptime(text, "%d.%m.%Y").replace(tzinfo=UTC).date()


def test_the_real_file_has_its_classes_with_their_cedillas_and_no_other(real_cards):
    read = schema.read(real_cards.read_bytes(), labelled=True).frame[schema.LABEL]
    kept = checked(real_cards.read_bytes()).frame[schema.LABEL]

    assert set(read) == set(schema.CLASSES)
    assert (read == "SERVIÇO").sum() == 1456
    assert (kept == "AUTO PEÇAS").sum() == 10


def test_a_record_comes_out_with_exact_types():
    record = checked(file(line(valor="1.784,13"))).frame.iloc[0]

    assert record["valor"] == Decimal("1784.13")
    assert str(record["data"]) == "2019-12-04"
    assert (record["cidade"], record["estado"], record["idade"]) == ("SOROCABA", "SP", 37)
    assert record[schema.LABEL] == "SERVIÇO"


@given(st.integers(0, 10**12 - 1), st.booleans(), st.booleans())
def test_every_amount_is_read_back_to_the_cent(cents, dots, trimmed):
    whole, rest = divmod(cents, 100)
    text = f"{whole:,}".replace(",", "." if dots else "") + f",{rest:02}"
    text = text.rstrip("0").rstrip(",") if trimmed and rest else text

    assert int(schema._amount(text).scaleb(2)) == cents


NO_AMOUNTS = """
-3,00 1e309 NaN inf 54.4 1.78,13 1.784.13 17.84,13 1,784.13 1,234 12345678901 9.999.999.999.999 0x10 +3 1_000
3, ,5 R$5 00 1784.13 .784,13 1..784
"""


@pytest.mark.parametrize("valor", [" -   ", "", "   ", "1 784,13", *NO_AMOUNTS.split()])
def test_what_is_no_exact_amount_goes_to_quarantine_and_its_neighbours_stay(valor):
    result = checked(file(line(), line(valor=valor), line()))

    assert list(result.frame.index) == [0, 2]
    assert [(fault.row, fault.code) for fault in result.faults] == [(1, "NL-A002")]
    assert f"valor: {valor!r} is" in result.faults[0].detail


NO_DAYS = """
31.02.2020 29.02.2019 2019-12-04 43803 12.31.2019 4.12.19 4/12/2019 0.12.2019 4.1.2020 4.12.0019 4.12.2019T00
"""


@pytest.mark.parametrize("data", ["", " 4.12.2019", *NO_DAYS.split()])
def test_what_is_no_real_day_in_the_declared_form_goes_to_quarantine(data):
    result = checked(file(line(), line(data=data)))

    assert [(fault.row, fault.code) for fault in result.faults] == [(1, "NL-A003")]
    assert repr(data) in result.faults[0].detail


@pytest.mark.parametrize(
    ("field", "text", "code"),
    [
        ("grupo_estabelecimento", "SERVICO", "NL-A012"),
        ("grupo_estabelecimento", "", "NL-A012"),
        ("grupo_estabelecimento", "VAREJO 2", "NL-A012"),
        ("idade", "37,5", "NL-A002"),
        ("idade", "200", "NL-A009"),
        ("limite_total", "4.700", "NL-A002"),
        ("limite_total", "99999999999", "NL-A002"),
        ("safra_abertura", "201413", "NL-A009"),
        ("sexo", "X", "NL-A009"),
        ("estado", "Sao", "NL-A009"),
        ("cidade", "  ", "NL-A009"),
        ("pais_estabelecimento", "Brasil", "NL-A009"),
        ("cidade_estabelecimento", "\x1b[2JSAO PAULO", "NL-A009"),
        ("cidade_estabelecimento", "A" * 41, "NL-A009"),
    ],
)
def test_a_value_that_is_not_allowed_is_refused_with_its_code(field, text, code):
    result = checked(file(line(**{field: text}), line()))

    assert [(fault.row, fault.code) for fault in result.faults] == [(0, code)]
    assert result.faults[0].detail.startswith(f"{field}: ")


@pytest.mark.parametrize(
    "field", ["id", "safra_abertura", "cidade", "estado", "idade", "sexo", "limite_total"]
)
def test_a_fault_never_shows_what_points_to_a_client(field):
    result = checked(file(line(**{field: "7" * 41 + "secret"})))

    assert "secret" not in result.faults[0].detail
    assert "7" not in result.faults[0].detail


def test_hostile_content_is_escaped_and_cut_in_a_fault():
    hostile = "\x1b[31m=cmd|' /C calc'!A0\x07" + "A" * 5000
    detail = checked(file(line(valor=hostile))).faults[0].detail

    assert detail.isprintable()
    assert len(detail) <= 200
    assert "\\x1b[31m=cmd" in detail


def test_formula_text_quotes_and_empty_places_are_plain_values():
    payload = file(
        line(cidade_estabelecimento='"=cmd'), line(cidade_estabelecimento="", pais_estabelecimento="")
    )
    result = checked(payload)

    assert result.faults == ()
    assert list(result.frame["cidade_estabelecimento"]) == ['"=cmd', ""]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "cp850", "utf-16", "utf-16-le"])
def test_a_file_in_another_encoding_is_refused_whole_at_a_byte(encoding):
    text = file(line()).decode("mac_roman")
    error = refusal(text.encode(encoding))

    assert error.code == "NL-A001"
    assert f"at byte {error.facts['byte']}" in error.sentence
    assert text.encode(encoding)[: error.facts["byte"]].removeprefix(codecs.BOM_UTF8).isascii()


def test_a_byte_order_mark_before_a_sound_file_is_no_part_of_its_header():
    payload = file(line(grupo_estabelecimento="VAREJO"))

    assert checked(codecs.BOM_UTF8 + payload).frame.equals(checked(payload).frame)


def test_doubly_encoded_text_never_becomes_a_class():
    mojibake = file(line()).decode("cp1252").encode()

    assert refusal(mojibake).code == "NL-A001"


def test_a_small_letter_beside_a_cedilla_shows_another_encoding():
    payload = file(line(cidade_estabelecimento="SAO JOSE")).replace(b"JOSE", "José".encode("cp850"))

    assert refusal(payload).code == "NL-A001"


@given(st.permutations(NAMES), st.sampled_from(["\r\n", "\n"]))
def test_the_order_of_the_columns_and_blanks_around_their_names_mean_nothing(names, end):
    header = ";".join(f" {name}  " for name in names)
    row = ";".join(GOOD[name] for name in names)
    reading = schema.read(file(row, header=header, end=end), labelled=True)

    assert reading.frame.iloc[0].to_dict() == GOOD
    assert list(reading.frame.columns) == schema.COLUMNS.names


def test_a_missing_column_names_what_is_missing_and_what_was_found():
    error = refusal(file("1", header="id; valor "))

    assert error.code == "NL-A004"
    assert "data" in error.facts["missing"]
    assert "found [id, valor]" in error.sentence


def test_a_repeated_column_is_refused():
    error = refusal(file(line() + ";1", header=HEADER + ";idade"))

    assert error.code == "NL-A004"
    assert "repeats" in error.sentence


def test_extra_columns_are_listed_and_left_out():
    reading = schema.read(file(line() + ";1;2", header=HEADER + ";note;\x1b"), labelled=True)

    assert reading.extra_columns == ("note", "\\x1b")
    assert list(reading.frame.columns) == schema.COLUMNS.names
    assert reading.records == 1


def test_a_night_needs_no_label_and_never_sees_one():
    reading = schema.read(file(line()), labelled=False)

    assert reading.extra_columns == (schema.LABEL,)
    assert list(reading.frame.columns) == list(schema.Record.model_fields) == schema.COLUMNS.names[:-1]


def test_an_experiment_needs_the_label():
    names = [name for name in NAMES if name != schema.LABEL]
    error = refusal(file(";".join(GOOD[n] for n in names), header=";".join(names)))

    assert error.facts["missing"] == [schema.LABEL]


@pytest.mark.parametrize("payload", [b"", b"\r\n", b"  \r\n\t\n", file(), file("", "   ")])
def test_a_file_without_lines_has_no_records(payload):
    reading = schema.read(payload, labelled=True)

    assert (reading.records, list(reading.frame.columns)) == (0, schema.COLUMNS.names)


def test_lines_that_cannot_be_split_keep_their_ordinal_and_blank_lines_have_none():
    payload = file(line(), "a;b", "", "x" * 70_000, line() + ";1", "   ", line(), line(id="a\rb"))
    reading = schema.read(payload, labelled=True)

    codes = [(fault.row, fault.code) for fault in reading.faults]
    assert codes == [(1, "NL-A005"), (2, "NL-A008"), (3, "NL-A005"), (5, "NL-A005")]
    assert list(reading.frame.index) == [0, 4]


def test_a_header_without_end_is_refused():
    assert refusal(b"id;" * 40_000).code == "NL-A008"


@given(st.binary(max_size=300))
def test_any_bytes_after_a_header_are_kept_or_quarantined_or_refused_whole(tail):
    payload = file() + tail
    lines = sum(bool(part.strip()) for part in tail.split(b"\n"))
    if any((byte > 0x7F and byte != 0x82) or byte == 0 for byte in tail) or NO_CEDILLA.search(tail):
        assert refusal(payload).code == "NL-A001"
    else:
        result = checked(payload)
        assert len(result.frame) + len(result.faults) == lines


LINES = st.lists(st.text(st.sampled_from('0123456789.,;- \t"=ÇESF+\x1b\r'), max_size=60) | st.just(line()))


@given(LINES)
def test_every_line_is_kept_or_quarantined_once_under_its_ordinal(lines):
    result = checked(file(*lines))
    records = [text for text in lines if text.strip(" \t\r\n")]

    ordinals = [*result.frame.index, *(fault.row for fault in result.faults)]
    assert sorted(ordinals) == list(range(len(records)))
    assert {i for i, text in enumerate(records) if text == line()} <= set(result.frame.index)
