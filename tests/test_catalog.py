"""A use case is a folder; a broken one does not take the others away."""

import shutil
from pathlib import Path

import pytest

from nightlabel import catalog
from nightlabel.errors import RefusedError

SHIPPED = Path(catalog.__file__).parent / "usecases"


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(SHIPPED / "card_spending", tmp_path / "card_spending")
    return tmp_path


def test_adding_a_use_case_is_adding_a_folder(folder):
    shutil.copytree(folder / "card_spending", folder / "digits")
    card = folder / "digits" / "usecase.toml"
    card.write_text(card.read_text().replace('name = "card_spending"', 'name = "digits"'))

    assert [c.name for c in catalog.usecases(folder)] == ["card_spending", "digits"]


@pytest.mark.parametrize("text", ["name = ", 'name = "cards"', "\xff", 'name = "bad"\nunknown = 1'])
def test_a_broken_card_is_told_with_its_reason_and_the_others_stay(folder, text):
    (folder / "bad").mkdir()
    (folder / "bad" / "usecase.toml").write_text(text, encoding="latin-1")

    assert [c.name for c in catalog.usecases(folder)] == ["card_spending"]
    assert [(b.name, b.reason.startswith("bad/usecase.toml")) for b in catalog.broken(folder)] == [
        ("bad", True)
    ]


def test_a_folder_without_a_card_is_broken(folder):
    (folder / "empty").mkdir()

    assert catalog.broken(folder)[0].reason == "empty/usecase.toml is missing"


def test_an_unknown_use_case_is_refused_with_the_known_ones(folder):
    with pytest.raises(RefusedError, match="there are: card_spending") as refusal:
        catalog.load("../../etc", folder)

    assert refusal.value.code == "NL-U001"


def test_a_gate_cannot_be_left_out_of_a_card(folder):
    card = folder / "card_spending" / "usecase.toml"
    card.write_text(card.read_text().replace("log_loss_at_most", "log_loss_at_mots"))

    assert "gates.log_loss_at_most" in catalog.broken(folder)[0].reason


def test_a_module_that_cannot_be_imported_is_told_by_name(folder):
    (folder / "card_spending" / "schema.py").write_text("import nothing_of_that_name")

    with pytest.raises(RefusedError, match=r"card_spending/schema\.py cannot be imported"):
        _ = catalog.load("card_spending", folder).schema.LABEL
