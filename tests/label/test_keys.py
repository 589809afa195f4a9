"""A file whose key cannot be read is accounted for, and keeps no other file from its labels."""

import pytest

from nightlabel.label import quarantined, read_labels, verify
from nightlabel.store import open_lake
from tests.label.nights import DATE, TINY, night, put
from tests.store.stranger import Stranger

INBOX = f"tiny/inbox/date={DATE}"
IN_FOLDER = ("tab\t.csv", "line\nfeed.csv", "\x1b[31mred.csv", "caf\udce9.csv")
ON_S3 = ("tab\t.csv", "\x1b[31mred.csv", "a//b.csv", "up/../c.csv", "\u202eright-to-left.csv")


@pytest.mark.parametrize(("kind", "names"), [("folder", IN_FOLDER), ("s3", ON_S3)])
def test_files_of_any_name_are_labelled_or_in_quarantine_by_name(request, kind, names):
    stranger = Stranger(open_lake(request.getfixturevalue(f"{kind}_place")))
    put(stranger.lake, "good.csv", "cat;1", "frog;2")
    for name in names:
        stranger.drop(f"{INBOX}/{name}", b"word;amount\ncat;1\n")
    done = night(stranger.lake)

    rows = read_labels(stranger.lake, "tiny", DATE)
    refused = rows[rows["outcome"] == "quarantined"]
    assert (done.outcome, verify(TINY, stranger.lake, DATE).ok) == ("committed", True)
    assert len(rows[rows["outcome"] == "labelled"]) + len(refused) == 2 + len(names)
    exact = {name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace") for name in names}
    assert set(rows["source"]) == {f"{INBOX}/{name}" for name in exact | {"good.csv"}}
    assert set(refused["error_code"]) == {"NL-B013"}
    assert all(detail.isprintable() for detail in refused["error_detail"])
    assert all(example.isprintable() for example in quarantined(TINY, stranger.lake, DATE)["examples"].sum())
    assert night(stranger.lake, "again").outcome == "noop"
