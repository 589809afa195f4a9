"""The encoder: looks back only, travels as JSON, has a place for what it never saw."""

import json
import shutil
from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nightlabel.errors import RefusedError
from nightlabel.usecases.card_spending import features, lookalike, prepare, schema
from nightlabel.validate import check

PARAMS = {
    "categories": list(features.CATEGORIES),
    "numbers": list(features.NUMBERS),
    "steps": 8,
    "pieces": 64,
    "rare": 2,
}
TABLES = prepare.Path(prepare.__file__).parent / "tables"
CITIES = st.sampled_from(["SAO PAULO", "SAOPAULO", "Sao Paulo", "", "415-503-9235", "XQZWK", "NOVA LIMA"])


@cache
def records() -> pd.DataFrame:
    payload = lookalike.make(300, seed=8)
    frame = check(schema.read(payload, labelled=True), schema.LabelledRecord, schema.COLUMNS).frame
    return frame.assign(source="a.csv").reset_index(drop=True)


@cache
def encoder() -> prepare.CardEncoder:
    return fitted(PARAMS)


def fitted(params, tables=TABLES):
    return prepare.fit(records().drop(columns=schema.LABEL), records()[schema.LABEL], params, tables)


def same(first, second):
    return first.keys() == second.keys() and all(np.array_equal(first[k], second[k]) for k in first)


def rows(arrays, index):
    return {name: array[index] for name, array in arrays.items()}


def test_an_encoder_restored_from_json_encodes_the_same():
    text = json.dumps(encoder().state(), sort_keys=True, allow_nan=False)
    restored = prepare.restore(json.loads(text))

    assert restored == encoder()
    assert same(restored.encode(records()), encoder().encode(records()))


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 299))
def test_no_row_depends_on_a_later_one(cut):
    whole = encoder().encode(records())

    assert same(encoder().encode(records().head(cut)), rows(whole, slice(cut)))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 2), min_size=300, max_size=300))
def test_no_row_depends_on_another_file(parts):
    frame = records().assign(source=[f"{part}.csv" for part in parts])
    whole = encoder().encode(frame)

    for source, part in frame.groupby("source"):
        index = (frame["source"] == source).to_numpy()
        assert same(encoder().encode(part), rows(whole, index))


@settings(max_examples=15, deadline=None)
@given(st.permutations(["a.csv", "b.csv", "c.csv", "d.csv"]))
def test_the_order_of_files_changes_nothing(order):
    frame = records().assign(
        source=[["a.csv", "b.csv", "c.csv", "d.csv"][i % 4] for i in range(len(records()))]
    )
    shuffled = pd.concat([frame[frame["source"] == name] for name in order])

    assert same(encoder().encode(shuffled), rows(encoder().encode(frame), shuffled.index.to_numpy()))


def test_a_day_in_the_training_file_encodes_as_the_same_day_in_a_nightly_file():
    account = [*features.CLIENT, "data"]
    whole = encoder().encode(records())

    nights = sorted((night for _, night in records().groupby(account)), key=len, reverse=True)
    for number, night in enumerate(nights[:40]):
        nightly = encoder().encode(night.assign(source=f"{number}.csv"))
        assert same(nightly, rows(whole, night.index.to_numpy()))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "valor": st.decimals(0, 9_999_999_999, places=2),
                "cidade_estabelecimento": CITIES,
                "pais_estabelecimento": st.sampled_from(["BR", "", "ZZ"]),
                "data": st.dates(pd.Timestamp("1900-01-01").date(), pd.Timestamp("2099-12-31").date()),
                "cidade": st.sampled_from(["SAO PAULO", "LUA"]),
            }
        ),
        min_size=1,
        max_size=12,
    )
)
def test_whatever_is_valid_becomes_finite_numbers_and_indices_in_range(changes):
    frame = records().head(len(changes)).assign(**{k: [c[k] for c in changes] for k in changes[0]})
    arrays = encoder().encode(frame)

    assert np.isfinite(arrays["numbers"]).all()
    assert arrays["numbers"].dtype == np.float32
    assert arrays["numbers"].shape == (len(frame), encoder().width)
    assert (arrays["categories"] >= 0).all()
    assert (arrays["categories"] < np.array(encoder().sizes)).all()
    assert ((arrays["pieces"] >= 0) & (arrays["pieces"] <= 64)).all()


def test_what_training_never_saw_has_index_zero_and_is_marked_where_the_set_is_closed():
    frame = (
        records()
        .head(4)
        .assign(
            cidade=["LUA", *records()["cidade"].iloc[1:4]],
            cidade_estabelecimento=["SAO PAULO", "XQZWK", "OURINHOS", "SAO PAULO"],
        )
    )
    at = list(encoder().vocabularies).index

    assert encoder().encode(frame)["categories"][0, at("cidade")] == 0
    assert encoder().encode(frame)["categories"][1, at("merchant")] == 0
    assert encoder().unknown(frame).tolist() == [True, True, False, False]


def test_training_rows_are_known():
    assert not encoder().unknown(records()).any()


def test_spellings_of_one_city_share_an_index_and_keep_their_own():
    frame = records().head(3).assign(cidade_estabelecimento=["SAO PAULO", "SAOPAULO", "Sao Paulo"])
    categories = encoder().encode(frame)["categories"]
    at = list(encoder().vocabularies).index

    assert len(set(categories[:, at("merchant_city")])) == 1
    assert len(set(categories[:, at("merchant")])) > 1


def test_the_way_a_city_is_written_is_told_apart_from_the_city():
    written = ["SAO PAULO", "RECIFE", "Sao Paulo", "saopaulo", "SAO BERNARDO ", "4003 1234", ""]
    frame = records().head(len(written)).assign(cidade_estabelecimento=written)

    assert features.Purchases(frame, {}, {}).style.texts() == [
        "upper blank",
        "upper",
        "title blank",
        "",
        "upper blank cut",
        "upper title blank digit",
        "upper title",
    ]


def test_a_holiday_is_no_weekday():
    purchases = features.Purchases(
        records().head(2).assign(data=pd.to_datetime(["2019-12-25", "2019-12-26"]).date),
        {},
        features.read_table(TABLES / "holidays.csv").rows,
    )

    assert purchases.weekday.texts() == ["holiday", "3"]


def test_the_tables_travel_with_their_digest_and_are_not_read_again(tmp_path):
    shutil.copytree(TABLES, tmp_path / "tables")
    made = fitted(PARAMS, tmp_path / "tables")
    shutil.rmtree(tmp_path / "tables")

    assert made.state()["cities"] == encoder().state()["cities"]
    assert len(made.cities.sha256) == 64
    assert same(prepare.restore(made.state()).encode(records()), encoder().encode(records()))


def test_a_changed_table_is_another_encoder(tmp_path):
    shutil.copytree(TABLES, tmp_path / "tables")
    with (tmp_path / "tables" / "merchant_cities.csv").open("a") as table:
        table.write("XQZWK,SAO PAULO\n")

    assert fitted(PARAMS, tmp_path / "tables").cities.sha256 != encoder().cities.sha256


@pytest.mark.parametrize("spoiled", [b"spelling,city\nA\n", b"\xff\xfe", None])
def test_a_bad_table_is_refused_by_name(tmp_path, spoiled):
    shutil.copytree(TABLES, tmp_path / "tables")
    table = tmp_path / "tables" / "merchant_cities.csv"
    table.unlink() if spoiled is None else table.write_bytes(spoiled)

    with pytest.raises(RefusedError, match="merchant_cities") as refusal:
        fitted(PARAMS, tmp_path / "tables")
    assert refusal.value.code == "NL-T004"


@pytest.mark.parametrize("change", [{"categories": ["limite"]}, {"numbers": ["limite"]}, {"categories": []}])
def test_a_feature_that_is_not_there_is_refused(change):
    with pytest.raises(RefusedError) as refusal:
        fitted({**PARAMS, **change})

    assert refusal.value.code == "NL-T001"


def test_rare_values_have_no_index_of_their_own():
    counts = records()["cidade_estabelecimento"].value_counts()

    assert encoder().vocabularies["merchant"] == sorted(counts.index[counts >= 2])


def test_without_pieces_there_is_no_such_input():
    assert fitted({**PARAMS, "pieces": 0}).encode(records()).keys() == {"categories", "numbers"}


@pytest.mark.parametrize("state", [{}, {"classes": 5}, {"vocabularies": [["x"]]}])
def test_a_state_of_something_else_is_refused(state):
    with pytest.raises(RefusedError) as refusal:
        prepare.restore({**encoder().state(), **state} if state else state)

    assert refusal.value.code == "NL-C005"


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 120))
def test_a_long_file_is_encoded_in_parts_as_it_is_encoded_whole(size):
    frame = records().head(240)
    memory = {}
    parts = [encoder().encode(frame[at : at + size], memory) for at in range(0, len(frame), size)]

    for name, array in encoder().encode(frame).items():
        assert np.array_equal(np.concatenate([part[name] for part in parts]), array)
