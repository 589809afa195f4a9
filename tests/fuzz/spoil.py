"""Files as people and programs spoil them: sound ones, with some of the ways in which exports go wrong."""

from hypothesis import strategies as st

from tests.fuzz.laws import SHORT, seeds

ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252", "cp850", "cp037")
ENDS = (b"\n", b"\r\n", b"\r", b"\n\r", b"\r\r\n", b"\x0b", b"\x0c", b"\x85", b"\n\n", b"\xe2\x80\xa8")
SEPARATORS = (b",", b"\t", b"|", b";;", b" ; ", b"\x1f", b"")
NUMBERS = (
    *(
        b"1.784,13",
        b" -   ",
        b"1,5",
        b"1e309",
        b"NaN",
        b"inf",
        b"-inf",
        b"-1",
        b"+1",
        b"1_000",
        b"0x1F",
        b"\x001",
    ),
    *(
        b"9" * 40,
        b"1,784.13",
        b"1.78.4,13",
        b"01",
        b"1,",
        b",5",
        b"\xe2\x88\x921",
        b"\xd9\xa3",
        b"1 000",
        b"1E5",
    ),
)
DATES = (
    *(b"9.08.2019", b"31.02.2020", b"2020-02-29", b"29.02.2019", b"02/03/2020", b"43831", b"00.00.0000"),
    *(b"1.1.1", b"31.12.9999", b"2020-01-01T00:00:00Z", b"9.8.2019", b"\xd9\xa9.08.2019"),
)
TEXTS = (
    *(b"", b" ", b"NA", b"null", b'"', b'"a;b"', b"'", b"\\", b"=cmd|' /C calc'!A0", b"\x1b[31m", b"\x00"),
    *(b"\x82", b"a\x82", b"\xef\xbb\xbf", b"S\xc3\xa3o", b"\xff\xfe", b"\xf0\x9f\x92\xb3", b"\r", b"a\rb"),
)
CELLS = (*NUMBERS, *DATES, *TEXTS, b"x" * SHORT, b"y" * (SHORT * 3))


def _lines(data):
    return data.splitlines(keepends=False)


def _with_cell(data, line, column, cell):
    rows = [row.split(b";") for row in _lines(data)]
    if rows:
        row = rows[line % len(rows)]
        row[column % len(row)] = cell
    return b"\n".join(b";".join(row) for row in rows) + b"\n"


def _with_header(data, kind):
    lines = _lines(data) or [b""]
    names = lines[0].split(b";")
    headers = {
        "reversed": names[::-1],
        "repeated": [*names, names[0]],
        "missing": names[1:],
        "blanks": [b" " + name + b"  " for name in names],
        "capitals": [name.upper() for name in names],
        "quoted": [b'"' + name + b'"' for name in names],
        "more": [*names, b"hue", b""],
        "returns": [*names, b"hu\re"],
        "thousands": [*names, *(b"c%d" % n for n in range(3000))],
        "none": [],
        "twice": names,
    }
    header = b";".join(headers[kind])
    return b"\n".join([header, *([header] if kind == "twice" else []), *lines[1:]]) + b"\n"


def _recoded(data, encoding):
    return data.decode("mac_roman").encode(encoding, "replace")


changes = st.one_of(
    st.tuples(st.just(_with_cell), st.integers(0, 4), st.integers(0, 12), st.sampled_from(CELLS)),
    st.tuples(
        st.just(_with_header),
        st.sampled_from(
            [
                "reversed",
                "repeated",
                "missing",
                "blanks",
                "capitals",
                "quoted",
                "more",
                "returns",
                "thousands",
                "none",
                "twice",
            ]
        ),
    ),
    st.tuples(st.just(_recoded), st.sampled_from(ENCODINGS)),
    st.tuples(
        st.just(lambda data, end: data.replace(b"\r\n", b"\n").replace(b"\n", end)), st.sampled_from(ENDS)
    ),
    st.tuples(st.just(lambda data, between: data.replace(b";", between)), st.sampled_from(SEPARATORS)),
    st.tuples(
        st.just(lambda data, at, cell: data[: at % (len(data) + 1)] + cell + data[at % (len(data) + 1) :]),
        st.integers(0, 500),
        st.one_of(st.sampled_from(CELLS), st.binary(max_size=6)),
    ),
    st.tuples(st.just(lambda data, at: data[: at % (len(data) + 1)]), st.integers(0, 2000)),
    st.tuples(st.just(lambda data, at: data[at % (len(data) + 1) :]), st.integers(0, 500)),
    st.tuples(st.just(lambda data, times: data * times), st.integers(2, 3)),
)


@st.composite
def spoiled(draw, usecase):
    """A sound file, spoiled in up to four ways one after the other."""
    data = draw(st.sampled_from(seeds(usecase)))
    for change, *how in draw(st.lists(changes, max_size=4)):
        data = change(data, *how)
    return data
