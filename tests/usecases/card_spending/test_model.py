"""Nearest neighbours: nobody is his own neighbour, and what is remembered decides."""

import math

import pytest
import torch

from nightlabel.contract import Remembering
from nightlabel.errors import RefusedError
from nightlabel.usecases.card_spending import model, schema
from tests.usecases.card_spending.test_prepare import PARAMS, encoder, fitted, records

NEIGHBOURS = {
    **PARAMS,
    "kind": "neighbours",
    "dim": 4,
    "pieces_dim": 4,
    "singles": True,
    "field_dropout": 0.0,
    "space": 8,
    "sampled": 1.0,
    "memory": 300,
}


def remembering(target, weights=None, **changed):
    torch.manual_seed(1)
    network = model.build({**NEIGHBOURS, **changed}, encoder())
    network.remember(inputs(), target, torch.ones(len(target)) if weights is None else weights)
    return network


def inputs():
    return {name: torch.from_numpy(array) for name, array in encoder().encode(records()).items()}


def labels():
    at = {label: index for index, label in enumerate(schema.CLASSES)}
    return torch.tensor([at[label] for label in records()[schema.LABEL]])


def test_a_purchase_never_looks_itself_up():
    target = torch.zeros(len(records()), dtype=torch.int64)
    target[7] = 5
    network = remembering(target)

    alone = network.leave_one_out(torch.tensor([7]))[0, 5].exp().detach()
    with torch.no_grad():
        known = network.eval()(**inputs())[7, 5].exp()

    assert float(alone) == pytest.approx(0.01 * float(network.prior[5]))
    assert known > 3 * alone


def test_with_one_training_row_left_out_the_others_answer_as_they_would_without_it():
    whole = remembering(labels())
    row = {name: array[7:8] for name, array in inputs().items()}
    others = torch.ones(len(records()))
    others[7] = 0
    without = remembering(labels(), others, memory=len(records()) - 1)

    with torch.no_grad():
        assert torch.allclose(whole.leave_one_out(torch.tensor([7])), without.eval()(**row), atol=1e-4)


def test_those_of_the_greatest_weight_are_remembered_and_decide():
    target = torch.zeros(len(records()), dtype=torch.int64)
    target[:10] = 5
    weights = torch.where(torch.arange(len(target)) < 10, 2.0, 1.0)
    network = remembering(target, weights, memory=10).eval()

    with torch.no_grad():
        assert (network(**inputs()).argmax(1) == 5).all()


def test_before_it_remembers_every_class_is_as_likely():
    network = model.build(NEIGHBOURS, encoder()).eval()

    with torch.no_grad():
        assert torch.allclose(network(**inputs()).exp(), torch.tensor(1 / len(schema.CLASSES)))


def test_every_answer_is_the_logarithm_of_a_distribution():
    network = remembering(labels())

    for said in (network.leave_one_out(torch.arange(50)), network.eval()(**inputs())):
        assert torch.allclose(said.exp().sum(1), torch.tensor(1.0), atol=1e-5)
        assert math.isfinite(float(said.detach().min()))


def test_only_neighbours_remember_rows():
    wide = {**NEIGHBOURS, "kind": "network", "hidden": [8], "dropout": 0.0, "wide": True}

    assert isinstance(remembering(labels()), Remembering)
    assert not isinstance(model.build(wide, encoder()), Remembering)


def test_without_pieces_places_are_found_all_the_same():
    bare = fitted({**PARAMS, "pieces": 0})
    network = model.build(NEIGHBOURS, bare)
    arrays = {name: torch.from_numpy(array) for name, array in bare.encode(records()).items()}
    network.remember(arrays, labels(), torch.ones(len(records())))

    assert network.eval()(**arrays).shape == (len(records()), len(schema.CLASSES))


def test_a_kind_that_is_not_there_is_refused():
    with pytest.raises(RefusedError, match="forest") as refusal:
        model.build({**NEIGHBOURS, "kind": "forest"}, encoder())

    assert refusal.value.code == "NL-T001"
