"""Laws of the accounting: whatever lies in the inbox, each record is in the table exactly once."""

import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nightlabel.errors import QuarantineError
from nightlabel.label import read_labels, verify
from nightlabel.store import open_uri
from tests.label.nights import DATE, TINY, night, put

few = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])

lines = st.lists(st.sampled_from(["cat;1", "frog;2.50", "frog;x", "bird", "", ";;", "=cmd;1"]), max_size=5)
whole = st.builds(lambda rows: "\n".join(("word;amount", *rows)).encode(), lines)
payloads = st.one_of(
    whole, whole, st.binary(max_size=30), st.sampled_from([b"", b"poison", b"\xff\xfe", b"\n\n"])
)
names = st.sampled_from([f"{letter}.csv" for letter in "abcd"])


def expected(files):
    """The record ids that must be in the table, as (file, row)."""
    ids = Counter()
    for name, payload in files.items():
        try:
            ids.update((name, row) for row in range(TINY.schema.read(payload, labelled=False).records))
        except (QuarantineError, ZeroDivisionError):
            ids[name, None] += 1
    return ids


def standing(lake):
    frame = read_labels(lake, "tiny", DATE, ["source", "row"])
    if frame.empty:
        return Counter()
    rows = frame["row"].astype(object).where(frame["row"].notna(), None)
    return Counter(zip(frame["source"].str.rsplit("/", n=1).str[-1], rows, strict=True))


@few
@given(st.dictionaries(names, payloads, max_size=4))
def test_every_record_of_arbitrary_files_is_in_the_table_exactly_once(files):
    with tempfile.TemporaryDirectory() as folder:
        lake = open_uri(Path(folder).as_uri())
        for name, payload in files.items():
            lake.put(f"tiny/inbox/date={DATE}/{name}", payload)

        night(lake)

        assert standing(lake) == expected(files)
        assert verify(TINY, lake, DATE).ok


steps = st.one_of(st.tuples(names, lines), st.tuples(names, st.none()), st.just("night"))


@few
@given(st.lists(steps, max_size=10))
def test_after_any_history_the_newest_version_of_each_file_stands(history):
    with tempfile.TemporaryDirectory() as folder:
        lake, inbox, stands = open_uri(Path(folder).as_uri()), {}, {}
        for number, step in enumerate([*history, "night"]):
            if step == "night":
                stands |= inbox
                night(lake, f"run-{number}")
                assert standing(lake) == expected(stands)
            elif step[1] is None:
                inbox.pop(step[0], None)
                lake.delete(f"tiny/inbox/date={DATE}/{step[0]}")
            else:
                put(lake, step[0], *step[1])
                inbox[step[0]] = lake.get(f"tiny/inbox/date={DATE}/{step[0]}")
        assert verify(TINY, lake, DATE).ok
