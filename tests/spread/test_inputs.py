"""Spark encodes as the encoder does in one process."""

import numpy as np
import pyarrow.parquet as pq
import pytest

from nightlabel import spread
from nightlabel.settings import Settings
from nightlabel.usecases.card_spending import lookalike
from nightlabel.validate import Source, typed
from tests.spread.conftest import by_pandas, stored


@pytest.fixture(scope="module")
def rows(cards, tmp_path_factory):
    """Rows of eight files, and one long file whose rows are in several row groups."""
    files = {f"{at}.csv": lookalike.make(150, at) for at in range(8)} | {"4.csv": lookalike.make(900, 9)}
    root = tmp_path_factory.mktemp("rows")
    table, _, _ = by_pandas(cards, stored(root.as_uri(), files), Settings())
    first = np.array([source[4] for source in table["source"].to_pylist()])
    with pq.ParquetWriter(root / "rows.parquet", table.schema) as writer:
        for some in (first < "4", first == "4", first > "4"):
            writer.write_table(table.filter(some), row_group_size=600)
    return root


def test_any_choice_of_rows_gives_the_arrays_of_the_encoder(spark, cards, rows):
    frame = typed(pq.read_table(rows / "rows.parquet"))
    label = cards.schema.LABEL
    encoder = cards.prepare.fit(
        frame.drop(columns=label), frame[label], cards.card.candidates["habits"], cards.folder / "tables"
    )
    wanted = frame[np.random.default_rng(7).random(len(frame)) < 0.7].reset_index(drop=True)
    stored_rows = Source("rows", rows.as_uri(), "rows.parquet", "", (rows / "rows.parquet").stat().st_size)

    parts = spread.encode(
        spark, cards, encoder, rows=stored_rows, wanted=wanted[["source", "row"]], place=Settings()
    )

    found, expected = spread.joined(parts), encoder.encode(wanted.drop(columns=label))
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == array.dtype
