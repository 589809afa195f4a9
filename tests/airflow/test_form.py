"""The form of an experiment is typed, explains itself, and has sensible defaults."""

import pytest

from nightlabel.catalog import usecases

pytestmark = pytest.mark.airflow

BAD = [
    {"seed": -1},
    {"seed": "seven"},
    {"candidates": []},
    {"candidates": ["no such candidate"]},
    {"candidates": "embeddings"},
    {"data": ""},
    {"data_version": "not a hash"},
    {"note": "x" * 201},
]


@pytest.fixture
def params(bag):
    return bag.dags["experiment__card_spending"].params


def test_every_field_explains_itself(params):
    fields = {name: params.get_param(name) for name in params}

    assert list(fields) == ["data", "candidates", "seed", "note", "data_version"]
    assert all(field.schema["title"] and field.schema["description_md"] for field in fields.values())


def test_all_candidates_of_the_card_are_offered_and_chosen(params):
    [card] = [card for card in usecases() if card.name == "card_spending"]

    assert params["candidates"] == list(card.candidates)
    assert params.get_param("candidates").schema["examples"] == list(card.candidates)
    assert params["data"] == card.default_data


def test_the_form_as_it_opens_may_be_sent(params):
    params.validate()


@pytest.mark.parametrize("values", BAD, ids=str)
def test_a_wrong_value_is_refused_before_anything_starts(params, values):
    from airflow.sdk.exceptions import ParamValidationError  # noqa: PLC0415

    with pytest.raises(ParamValidationError):
        params.update(values)


def test_a_night_may_be_told_its_date_and_only_a_date(bag):
    from airflow.sdk.exceptions import ParamValidationError  # noqa: PLC0415

    params = bag.dags["nightly__card_spending"].params
    params.update({"date": "2026-02-28"})

    assert params["date"] == "2026-02-28"
    with pytest.raises(ParamValidationError):
        params.update({"date": "yesterday"})
