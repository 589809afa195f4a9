"""A model is data: exactly three files, named by their digest, refused before anything is parsed."""

import json
import pickle
import shutil

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nightlabel.errors import RefusedError
from nightlabel.registry import artifact
from nightlabel.train.export import to_onnx
from nightlabel.train.loop import train
from tests.train.world import NETWORK, cards, parts, records


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A saved model; gives its folder, its digest and what was trained."""
    folder = tmp_path_factory.mktemp("models") / "model"
    trained = train(cards(), *parts(), NETWORK, seed=2)
    example = records().head(3)
    network = to_onnx(trained.network, trained.encoder.encode(example))
    sha256 = artifact.save(folder, cards(), trained.encoder, network, params=NETWORK, seed=2, example=example)
    return folder, sha256, trained


@pytest.fixture
def model(made, tmp_path):
    """A copy that a test may spoil, and its digest."""
    shutil.copytree(made[0], tmp_path / "model")
    return tmp_path / "model", made[1]


@pytest.fixture(scope="module")
def labeller(made):
    return artifact.load(made[0], cards(), sha256=made[1])


def refused(folder, sha256):
    with pytest.raises(RefusedError) as refusal:
        artifact.load(folder, cards(), sha256=sha256)
    return refusal.value.code


def test_what_is_loaded_says_what_was_trained(made, labeller):
    assert np.allclose(labeller.probabilities(records()), made[2].probabilities(records()), atol=1e-5)
    assert labeller.classes == made[2].encoder.classes


def test_labels_are_the_most_probable_classes_in_order(labeller):
    said, labels = labeller.probabilities(records()), labeller.label(records())
    best = np.array(labeller.classes)[said.argmax(1)]

    assert (labels["label"].to_numpy() == best).all()
    assert np.allclose(labels["confidence"], said.max(1))
    assert labels["confidence"].dtype == np.float32
    assert [top[0] for top in labels["top_labels"]] == list(best)
    assert all(sorted(top, reverse=True) == list(top) and len(top) == 3 for top in labels["top_confidences"])


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 400))
def test_the_size_of_a_batch_changes_nothing(labeller, monkeypatch_module, size):
    whole = labeller.probabilities(records())
    monkeypatch_module.setattr(artifact, "BATCH_ROWS", size)

    assert np.allclose(labeller.probabilities(records()), whole, atol=1e-6)


@pytest.fixture(scope="module")
def monkeypatch_module():
    with pytest.MonkeyPatch.context() as patch:
        yield patch


def test_labels_keep_the_index_of_the_records(labeller):
    frame = records().head(4).set_axis([9, 9, 2, 40])

    assert list(labeller.label(frame).index) == [9, 9, 2, 40]


def test_no_records_give_no_labels(labeller):
    empty = labeller.label(records().head(0))

    assert list(empty.columns) == ["label", "confidence", "top_labels", "top_confidences"]
    assert (len(empty), len(labeller.unknown(records().head(0)))) == (0, 0)


@pytest.mark.parametrize("name", artifact.FILES)
def test_one_flipped_bit_is_refused(model, name):
    folder, sha256 = model
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)

    assert refused(folder, sha256) == "NL-C003"


class _Canary:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


@pytest.mark.parametrize("name", ["model.pkl", "code/x.py", "data.pt2", "requirements.txt"])
def test_a_file_beyond_the_list_is_refused_and_nothing_runs(model, tmp_path, name):
    folder, canary = model[0], tmp_path / "canary"
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(pickle.dumps(_Canary(canary)))

    assert refused(folder, artifact.digest(folder)) == "NL-C004"
    assert not canary.exists()


def test_a_link_or_a_missing_file_is_refused(model):
    folder, sha256 = model
    (folder / "encoder.json").rename(folder.parent / "elsewhere.json")
    assert refused(folder, sha256) == "NL-C004"

    (folder / "encoder.json").symlink_to(folder.parent / "elsewhere.json")
    assert refused(folder, sha256) == "NL-C004"


@pytest.mark.parametrize("change", [{"usecase": "other"}, {"columns": {"x": "int32"}}, {"classes": ["A"]}])
def test_a_model_of_another_contract_is_refused(model, change):
    folder, _ = model
    description = json.loads((folder / "model.json").read_text()) | change
    (folder / "model.json").write_text(json.dumps(description))

    assert refused(folder, artifact.digest(folder)) == "NL-C005"


@pytest.mark.parametrize(
    ("name", "content"),
    [("network.onnx", b"no onnx"), ("encoder.json", b"{}"), ("encoder.json", b"{"), ("model.json", b"[]")],
)
def test_a_file_that_is_not_what_its_name_says_is_refused(model, name, content):
    folder, _ = model
    (folder / name).write_bytes(content)

    assert refused(folder, artifact.digest(folder)) == "NL-C005"


@pytest.mark.parametrize("column", [*records().columns.drop("grupo_estabelecimento")])
def test_a_missing_column_or_value_is_refused_by_name(labeller, column):
    gap = records().head(3).astype({column: object})
    gap[column] = [None, *gap[column].iloc[1:]]
    for frame in (records().head(3).drop(columns=column), gap):
        with pytest.raises(RefusedError, match=column) as refusal:
            labeller.label(frame)

        assert refusal.value.code == "NL-C005"


@pytest.mark.parametrize(
    ("column", "value"), [("valor", "12,00"), ("idade", "37"), ("data", "2019-01-01"), ("cidade", 5)]
)
def test_a_value_of_another_type_is_refused(labeller, column, value):
    frame = records().head(3).assign(**{column: value})

    with pytest.raises(RefusedError, match=column) as refusal:
        labeller.label(frame)
    assert refusal.value.code == "NL-C005"


def test_further_columns_change_nothing(labeller):
    frame = records().head(5)
    more = frame.assign(grupo_estabelecimento="SERVIÇO", row=1, source_version="x")

    pd.testing.assert_frame_equal(labeller.label(more), labeller.label(frame))


def test_the_digest_names_content_and_place(model):
    folder, sha256 = model
    assert artifact.digest(folder) == sha256
    (folder / "model.json").rename(folder / "models.json")

    assert artifact.digest(folder) != sha256
