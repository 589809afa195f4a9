"""Model and image become production together, or not at all, and go back together."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mlflow import MlflowClient

from nightlabel.errors import RefusedError
from nightlabel.registry.history import Move, Release, made, releases_of
from nightlabel.registry.models import Registry
from tests.registry.test_models import versions

A, B, C = (f"registry/nightlabel@sha256:{digit * 64}" for digit in "abc")
WRITES = ("set_registered_model_tag", "set_model_version_tag", "set_registered_model_alias")


class CutError(Exception):
    """The process dies here."""


@pytest.fixture(scope="module")
def database(tmp_path_factory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('images')}/mlflow.db"


@pytest.fixture
def name() -> str:
    return f"model_{uuid.uuid4().hex}"


@pytest.fixture
def registry(database, name, tmp_path) -> Registry:
    made_here = Registry(database)
    versions(made_here, database, name, tmp_path, 2)
    return made_here


def production(registry, name) -> tuple[str, str]:
    pinned = registry.resolve(name)
    return pinned.version, pinned.tags.get("image", "")


def move(registry, name, version, image):
    registry.move_champion(name, version, by="ann", reason="why", image=image)


@pytest.mark.parametrize(("version", "image"), [("2", B), ("1", B)], ids=["new model", "new image alone"])
def test_whichever_write_is_the_last_production_is_the_one_before_or_the_one_after(
    registry, name, monkeypatch, version, image
):
    move(registry, name, "1", A)
    seen = set()
    for survived in range(30):
        with monkeypatch.context() as broken:
            left = [survived]
            for write in WRITES:
                broken.setattr(MlflowClient, write, cut(getattr(MlflowClient, write), left))
            try:
                move(registry, name, version, image)
            except CutError:
                assert production(registry, name) == ("1", A), f"half done after {survived} writes"
                seen.add(survived)
                continue
        break

    assert production(registry, name) == (version, image)
    assert len(seen) >= 8
    assert [(m.version, m.image) for m in registry.moves(name)] == [("1", A), (version, image)]


def cut(write, left):
    def limited(*words, **more):
        if not left[0]:
            raise CutError
        left[0] -= 1
        return write(*words, **more)

    return limited


def test_each_step_back_goes_one_release_back_with_its_image(registry, name):
    for version, image in (("1", A), ("1", B), ("2", C)):
        move(registry, name, version, image)

    for expected in (("1", B), ("1", A)):
        before, image = registry.previous_champion(name)
        move(registry, name, before.version, image)
        assert production(registry, name) == expected
    with pytest.raises(RefusedError, match="no earlier champion"):
        registry.previous_champion(name)


def test_a_release_without_an_image_keeps_the_one_that_the_version_has(registry, name):
    move(registry, name, "1", A)
    move(registry, name, "2", "")

    assert production(registry, name) == ("2", "")
    move(registry, name, "1", "")
    assert production(registry, name) == ("1", A)


def test_the_first_image_of_a_champion_cannot_be_taken_back_to_none(registry, name):
    move(registry, name, "1", "")
    move(registry, name, "1", A)

    with pytest.raises(RefusedError, match="no earlier champion"):
        registry.previous_champion(name)


def test_a_champion_whose_version_is_gone_holds_no_release_up(registry, database, name):
    move(registry, name, "1", A)
    MlflowClient(database).delete_model_version(name, "1")
    move(registry, name, "2", B)

    assert production(registry, name) == ("2", B)


releases = st.builds(Release, st.sampled_from("123"), st.sampled_from(["a", "b"]))


@given(st.lists(releases, min_size=1))
def test_the_line_of_releases_ends_with_production_and_repeats_none(told):
    before = [Release("", ""), *told]
    moves = [
        Move(now.version, then.version, "", "", "", now.image, then.image)
        for then, now in zip(before, told, strict=False)
        if now != then
    ]
    line = releases_of(made(moves, told[-1].version, told[-1].image))

    assert line[-1] == told[-1]
    assert len(set(line)) == len(line)
