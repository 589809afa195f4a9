"""Spark validates as pandas does: the same rows, the same faults, the same order."""

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from nightlabel.errors import QuarantineError, RefusedError
from nightlabel.settings import Settings
from nightlabel.usecases.card_spending import lookalike
from tests.spread.conftest import by_pandas, by_spark, stored

GOOD = lookalike.make(60, 3).splitlines()
HEADER, RECORDS = GOOD[0], GOOD[1:]

line = st.one_of(
    st.sampled_from(RECORDS),
    st.sampled_from(
        [b"", b"  ", b"a;b", b"x" * 70_000, RECORDS[0] + b";more", RECORDS[1].replace(b";", b";\r")]
    ),
    st.sampled_from([RECORDS[2].replace(b";", b";\xff", 1), RECORDS[3].replace(b";", b";a\x82", 1)]),
)
header = st.sampled_from(
    [HEADER, HEADER, HEADER, b"\xef\xbb\xbf" + HEADER, b"\n \n" + HEADER, HEADER + b";new", b"id"]
)
end = st.sampled_from([b"\n", b"\r\n"])


@st.composite
def file(draw):
    """A labelled file, sound or not; sometimes empty, sometimes without its last line end."""
    if draw(st.integers(0, 6)) == 0:
        return draw(st.sampled_from([b"", b"\n\n", b"\xef\xbb\xbf", HEADER]))
    lines = [draw(header), *draw(st.lists(line, max_size=15))]
    text = draw(end).join(lines)
    return text + draw(st.sampled_from([b"", b"\n"]))


many = st.lists(file(), min_size=5, max_size=9)
few_runs = settings(
    max_examples=4,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[*HealthCheck],
)
"""A run of Spark costs a second, and one of many files tells as much as many of one."""


@few_runs
@given(files=many, part=st.sampled_from([600, 5_000, 10**6]))
def test_any_folder_of_files_gives_the_rows_and_faults_of_pandas(spark, cards, tmp_path_factory, files, part):
    place = Settings()
    root = tmp_path_factory.mktemp("files").as_uri()
    sources = stored(root, {f"{at:03}.csv": content for at, content in enumerate(files)})

    assert by_spark(spark, cards, sources, place, part=part) == by_pandas(cards, sources, place)


def test_made_cards_with_their_quirks_give_the_rows_and_faults_of_pandas(spark, cards, place):
    files = {f"{at}.csv": lookalike.make(300, at) for at in range(12)}
    sources = stored(f"{place.lake}/set", files, place)

    rows, faults, accounts = by_spark(spark, cards, sources, place, part=20_000)

    assert (rows, faults, accounts) == by_pandas(cards, sources, place)
    assert len(rows) > 3_000
    assert len(faults) > 0


def test_the_real_cards_in_parts_give_the_rows_and_faults_of_pandas(spark, cards, real_cards, tmp_path):
    sources, place = stored(tmp_path.as_uri(), {"cards.csv": real_cards.read_bytes()}), Settings()

    cut = by_spark(spark, cards, sources, place, alone=True, part=50_000)

    assert cut == by_pandas(cards, sources, place, alone=True)


@pytest.mark.parametrize(
    "content", [b"id;valor\n1;2\n", HEADER + b"\n" + RECORDS[0] + b"\xff\n" + RECORDS[1], b"x" * 70_000]
)
@pytest.mark.parametrize("part", [50, 10**6])
def test_a_single_file_that_cannot_be_split_is_refused_as_by_pandas(spark, cards, tmp_path, content, part):
    sources, place = stored(tmp_path.as_uri(), {"one.csv": content}), Settings()
    with pytest.raises(QuarantineError) as expected:
        by_pandas(cards, sources, place, alone=True)

    with pytest.raises(QuarantineError) as refusal:
        by_spark(spark, cards, sources, place, alone=True, part=part)

    assert (refusal.value.code, refusal.value.sentence) == (expected.value.code, expected.value.sentence)


def test_a_file_that_changed_after_it_was_listed_is_refused_with_its_code(spark, cards, tmp_path):
    sources = stored(tmp_path.as_uri(), {"one.csv": lookalike.make(20, 1), "two.csv": lookalike.make(20, 2)})
    (tmp_path / "two.csv").write_bytes(lookalike.make(30, 3))

    with pytest.raises(RefusedError) as refusal:
        by_spark(spark, cards, sources, Settings())

    assert refusal.value.code == "NL-B010"
