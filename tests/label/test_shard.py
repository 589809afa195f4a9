"""One shard: attempts that are killed, doubled or raced, and inputs that move under them."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from nightlabel.contract import Reading
from nightlabel.errors import RefusedError, UnavailableError
from nightlabel.label import label_shard, publish, read_labels, verify
from nightlabel.store.bulk import Bulk
from tests.label.nights import DATE, TINY, Parity, night, planned, put, reading_like

RECEIPT = f"tiny/nights/{DATE}/night/receipts/0000.json"


class Failing(Parity):
    def predict(self, encoded):
        raise MemoryError


def label(lake, labeller=None, **more):
    return label_shard(TINY, lake, DATE, "night", "0000", labeller or Parity(), **more)


def test_the_receipt_counts_what_the_shard_did(folder_lake):
    put(folder_lake, "a.csv", "cat;1", "?owl;2", "frog;x")
    folder_lake.put(f"tiny/inbox/date={DATE}/b.csv", b"word;amount;hue\ncat;1;red")
    planned(folder_lake)

    receipt = label(folder_lake)

    assert (receipt.files, receipt.records, receipt.labelled) == (2, 4, 2)
    assert (receipt.quarantined, receipt.unknown) == ({"NL-A005": 1, "NL-A009": 1}, 1)
    assert receipt.extra_columns == {"hue": 1}
    assert sum(f.rows for f in receipt.data) == 4


def test_the_receipt_of_a_night_of_odd_headers_stays_small(folder_lake):
    for file in range(60):
        odd = ";".join(f"odd-{file}-{column}" for column in range(12))
        header = f"word;amount;{odd}\ncat;1;{';' * 11}"
        folder_lake.put(f"tiny/inbox/date={DATE}/{file}.csv", header.encode())
    planned(folder_lake)

    receipt = label(folder_lake)

    assert sum(receipt.extra_columns.values()) == 60 * 12
    assert len(receipt.extra_columns) == 501


def test_a_second_attempt_is_superseded_and_leaves_nothing(lake):
    put(lake, "a.csv", "cat;1")
    planned(lake)
    first = label(lake)
    objects = set(lake.list("tiny"))

    second = label(lake)

    assert (first.superseded, second.superseded) == (False, True)
    assert (second.attempt, set(lake.list("tiny"))) == (first.attempt, objects)


def test_of_two_attempts_at_once_one_receipt_counts_and_no_record_doubles(lake):
    put(lake, "a.csv", "cat;1", "frog;2")
    planned(lake)

    with ThreadPoolExecutor(4) as pool:
        receipts = list(pool.map(lambda _: label(lake), range(4)))

    assert len({r.attempt for r in receipts}) == 1
    assert [r.superseded for r in receipts].count(False) == 1
    assert publish(TINY, lake, DATE, "night").records == 2
    assert verify(TINY, lake, DATE).ok


def test_a_shard_that_fails_leaves_no_receipt_and_can_be_repeated(lake):
    put(lake, "a.csv", "cat;1")
    planned(lake)

    with pytest.raises(MemoryError):
        label(lake, Failing())

    assert lake.head(RECEIPT) is None
    assert label(lake).records == 1


@pytest.mark.parametrize("change", ["changed", "vanished"])
def test_an_input_that_moves_after_it_was_planned_is_quarantined_and_planned_again(lake, change):
    entry = put(lake, "a.csv", "cat;1")
    put(lake, "b.csv", "bee;1")
    planned(lake)
    lake.delete(entry.key) if change == "vanished" else put(lake, "a.csv", "horse;1", "cow;1")

    receipt = label(lake)
    publish(TINY, lake, DATE, "night")

    assert receipt.quarantined == {"NL-B010": 1}
    assert verify(TINY, lake, DATE).ok
    put(lake, "a.csv", "horse;1", "cow;1")
    assert night(lake, "second").records == 3
    assert "NL-B010" not in set(read_labels(lake, "tiny", DATE)["error_code"].dropna())


def test_an_input_that_comes_back_as_it_was_is_labelled_after_all(lake):
    entry = put(lake, "a.csv", "cat;1")
    payload = lake.get(entry.key)
    planned(lake)
    lake.delete(entry.key)
    label(lake)
    publish(TINY, lake, DATE, "night")

    lake.put(entry.key, payload)

    assert night(lake, "second").generation == 2
    assert read_labels(lake, "tiny", DATE)["label"].tolist() == ["odd"]


def test_a_file_whose_bytes_are_cut_on_the_way_fails_the_shard(lake, monkeypatch):
    put(lake, "a.csv", "cat;1")
    planned(lake)
    whole = type(lake).get

    def cut(store, key, *, version=""):
        payload = whole(store, key, version=version)
        return payload[:-2] if version else payload

    monkeypatch.setattr(type(lake), "get", cut)
    replies = Bulk.replies
    monkeypatch.setattr(
        Bulk, "replies", lambda *call: (r._replace(payload=r.payload[:-2]) for r in replies(*call))
    )
    with pytest.raises(UnavailableError) as fault:
        label(lake)

    assert fault.value.code == "NL-B007"
    assert lake.head(RECEIPT) is None


def test_another_model_than_the_planned_one_labels_nothing(folder_lake):
    put(folder_lake, "a.csv", "cat;1")
    planned(folder_lake)

    with pytest.raises(RefusedError) as refusal:
        label(folder_lake, Parity("0" * 64))

    assert refusal.value.code == "NL-C001"


@pytest.mark.parametrize("fault", ["foreign label", "no confidence", "rows lost"])
def test_labels_that_break_the_contract_of_a_model_are_refused(folder_lake, fault):
    class Broken(Parity):
        def predict(self, encoded):
            out = super().predict(encoded)
            if fault == "rows lost":
                return replace(out, order=out.order[1:], confidences=out.confidences[1:])
            if fault == "foreign label":
                return replace(out, order=out.order + 7)
            return replace(out, confidences=out.confidences * np.nan)

    put(folder_lake, "a.csv", "cat;1")
    planned(folder_lake)
    with pytest.raises(RefusedError) as refusal:
        label(folder_lake, Broken())

    assert refusal.value.code == "NL-C005"


def test_a_schema_that_skips_ordinals_is_refused(folder_lake):
    skipped = Reading(pd.DataFrame({"word": ["a"], "amount": ["1"]}, index=[1], dtype="str"))
    skipping = reading_like(lambda *_, **how: skipped)
    put(folder_lake, "a.csv", "cat;1")
    planned(folder_lake)
    with pytest.raises(RefusedError) as refusal:
        label_shard(skipping, folder_lake, DATE, "night", "0000", Parity())

    assert refusal.value.code == "NL-N006"


def test_the_labeller_sees_whole_files_in_order_and_batches_bound_its_frames(folder_lake):
    for n in range(6):
        put(folder_lake, f"{n}.csv", *(f"w{row};1" for row in range(4)))
    planned(folder_lake)
    labeller, told = Parity(), []

    label(folder_lake, labeller, batch_files=2, on_progress=lambda *done: told.append(done))

    assert [len(f) for f in labeller.frames] == [8, 8, 8]
    assert labeller.frames[0]["word"].tolist() == ["w0", "w1", "w2", "w3"] * 2
    assert list(labeller.frames[0].columns) == ["word", "amount", "source"]
    assert told == [(2, 6, 8), (4, 6, 16), (6, 6, 24)]
