"""Training is repeatable, honest about what it cannot do, and better than knowing nothing."""

import numpy as np
import pytest
import torch

from nightlabel.errors import RefusedError
from nightlabel.train.calibration import Calibrated
from nightlabel.train.loop import refit, train
from tests.train.world import LINEAR, NEIGHBOURS, NETWORK, cards, parts, records


@pytest.mark.parametrize("params", [LINEAR, NETWORK, NEIGHBOURS], ids=["linear", "network", "neighbours"])
def test_the_same_rows_parameters_and_seed_give_the_same_model(params):
    first, again = (train(cards(), *parts(), params, seed=3) for _ in range(2))
    other = train(cards(), *parts(), params, seed=4)
    said = [model.probabilities(records()) for model in (first, again, other)]

    assert np.array_equal(said[0], said[1])
    assert not np.array_equal(said[0], said[2])
    assert first.curves == again.curves


def test_the_random_numbers_of_others_are_left_alone():
    torch.manual_seed(11)
    expected = torch.rand(3)
    torch.manual_seed(11)
    train(cards(), *parts(), LINEAR, seed=3)

    assert torch.equal(torch.rand(3), expected)


def test_training_learns_more_than_the_share_of_each_class():
    fit, validation = parts()
    trained = train(cards(), fit, validation, {**LINEAR, "epochs": 15}, seed=1)
    classes = np.array(trained.encoder.classes)
    right = validation["grupo_estabelecimento"].to_numpy()[:, None] == classes
    prior = trained.network.prior.numpy()

    assert -np.log(trained.probabilities(validation)[right]).mean() < -np.log((right * prior).sum(1)).mean()


def test_every_answer_is_a_distribution_with_a_floor():
    trained = train(cards(), *parts(), NETWORK, seed=1)
    said = trained.probabilities(records())

    assert said.shape == (len(records()), 22)
    assert np.allclose(said.sum(1), 1, atol=1e-5)
    assert (said >= 0.02 * trained.network.prior.numpy() * 0.999).all()


def test_a_class_without_rows_to_fit_gets_its_share_of_the_floor():
    fit, validation = parts()
    fit = fit[fit["grupo_estabelecimento"] != "RESTAURANTE"]
    trained = train(cards(), fit, validation, LINEAR, seed=1)
    at = trained.encoder.classes.index("RESTAURANTE")

    assert (validation["grupo_estabelecimento"] == "RESTAURANTE").any()
    assert (trained.probabilities(validation)[:, at] > 0).all()


def test_a_member_is_given_as_it_was_at_its_best():
    trained = train(cards(), *parts(), {**LINEAR, "epochs": 30, "rate": 0.2, "patience": 3}, seed=1)
    losses = [entry["validation_log_loss"] for entry in trained.curves]

    assert trained.epochs == (int(np.argmin(losses)) + 1,)
    assert len(losses) == trained.epochs[0] + 3


def test_each_epoch_is_told_as_it_happens():
    told = []
    trained = train(cards(), *parts(), NETWORK, seed=1, on_epoch=told.append)

    assert told == trained.curves
    assert {entry["member"] for entry in told} == {0, 1}


def test_a_refit_keeps_passes_and_temperature_and_knows_the_newest_rows():
    fit, validation = parts()
    newest = validation.assign(cidade_estabelecimento="NOVA CIDADE")
    trained = train(cards(), fit, newest, NETWORK, seed=1)
    again = refit(cards(), trained, records().assign(cidade_estabelecimento="NOVA CIDADE"), NETWORK, seed=1)

    assert again.epochs == trained.epochs
    assert torch.equal(again.network.temperature, trained.network.temperature)
    assert again.encoder.encode(newest)["categories"][:, 1].min() > 0


def test_calibration_takes_back_what_overconfidence_costs():
    logits = torch.randn(400, 3, generator=torch.Generator().manual_seed(1))
    target = torch.multinomial(torch.softmax(logits, 1), 1, generator=torch.Generator().manual_seed(2))[:, 0]
    network = Calibrated([_Sharp()], np.full(3, 1 / 3), floor=0.0)
    network.calibrate(target, logits=logits)

    assert float(network.temperature) == pytest.approx(2.0, abs=0.5)


class _Sharp(torch.nn.Module):
    def forward(self, logits):
        return logits * 2


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"rate": -1.0}, "rate"),
        ({"batch": 0}, "batch"),
        ({"kind": "forest"}, "forest"),
        ({"numbers": []}, "numbers"),
    ],
)
def test_a_parameter_out_of_range_is_refused_by_name(change, named):
    with pytest.raises(RefusedError, match=named) as refusal:
        train(cards(), *parts(), {**LINEAR, **change}, seed=1)

    assert refusal.value.code == "NL-T001"


@pytest.mark.parametrize("name", sorted(NETWORK.keys() - {"views"}))
def test_a_missing_parameter_is_refused_by_name(name):
    with pytest.raises(RefusedError, match=name) as refusal:
        train(cards(), *parts(), {key: value for key, value in NETWORK.items() if key != name}, seed=1)

    assert refusal.value.code == "NL-T001"


@pytest.mark.parametrize("rows", [0, 1, 9])
def test_too_few_rows_to_fit_or_to_validate_are_refused(rows):
    fit, validation = parts()
    for frames in ((fit, validation.head(rows)), (fit.head(rows), validation)):
        with pytest.raises(RefusedError) as refusal:
            train(cards(), *frames, LINEAR, seed=1)

        assert (refusal.value.code, refusal.value.facts["rows"]) == ("NL-T002", rows)


def test_a_loss_that_is_no_number_is_refused():
    with pytest.raises(RefusedError) as refusal:
        train(
            cards(), *parts(), {**NETWORK, "rate": 1.0, "decay": 10.0, "epochs": 200, "patience": 200}, seed=1
        )

    assert refusal.value.code == "NL-T003"


def test_members_take_their_views_in_turn():
    trained = train(cards(), *parts(), {**NETWORK, "members": 3}, seed=1)
    widths = [
        [layer.out_features for layer in member.deep if hasattr(layer, "out_features")]
        for member in trained.network.members
    ]

    assert widths == [[16, 22], [8, 8, 22], [16, 22]]


def test_a_view_may_have_passes_of_its_own():
    trained = train(cards(), *parts(), {**NETWORK, "views": [{}, {"epochs": 1}]}, seed=1)

    assert [entry["member"] for entry in trained.curves].count(1) == 1


@pytest.mark.parametrize("name", ["members", "half_life_days", "class_beta", "floor"])
def test_a_view_that_changes_what_all_members_share_is_refused_by_name(name):
    with pytest.raises(RefusedError, match=name) as refusal:
        train(cards(), *parts(), {**NETWORK, "views": [{name: 1}]}, seed=1)

    assert refusal.value.code == "NL-T001"


def test_a_refit_of_neighbours_remembers_the_newest_rows_first():
    fit, validation = parts()
    params = {**NEIGHBOURS, "memory": 60, "class_beta": 0.0}
    trained = train(cards(), fit, validation, params, seed=1)
    (network,) = refit(cards(), trained, records(), params, seed=1).network.members
    oldest = records()["data"].iloc[network.kept.tolist()].min()

    assert network.others.shape[1] == 60
    assert (records()["data"] > oldest).sum() < 60


def test_a_network_without_singles_takes_what_training_saw_once_for_unknown():
    fit, validation = parts()
    trained = train(cards(), fit, validation, {**NETWORK, "views": [], "members": 1}, seed=1)
    alone = fit.groupby("cidade_estabelecimento")["cidade_estabelecimento"].transform("size") == 1
    once = fit[alone].drop(columns="grupo_estabelecimento").head(1)
    inputs = trained.encoder.encode(once)
    inputs["categories"][:, 1] = 0

    assert trained.encoder.encode(once)["categories"][0, 1] > trained.encoder.common[1]
    said = trained.network(**{name: torch.from_numpy(array) for name, array in inputs.items()})
    assert np.allclose(trained.probabilities(once), said.detach(), atol=1e-6)
