"""The registry over SQLite and over a real server, and what it says of a server that is down."""

import subprocess
import sys
import uuid
from pathlib import Path

import mlflow
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mlflow import MlflowClient

from nightlabel.errors import RefusedError, UnavailableError
from nightlabel.registry.artifact import digest
from nightlabel.registry.history import Move, line_of, made, read
from nightlabel.registry.models import Registry
from nightlabel.train.tracking import Logged, log_candidate
from tests.registry.candidates import USECASE, artifact, records
from tests.registry.stub import answering

TAGS = {"run": "first", "data_version": "a" * 32, "params_digest": "b" * 64}


@pytest.fixture(scope="module")
def database(tmp_path_factory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('registry')}/mlflow.db"


@pytest.fixture(params=["database", "mlflow_server"])
def uri(request) -> str:
    return request.getfixturevalue(request.param)


@pytest.fixture
def registry(uri) -> Registry:
    return Registry(uri)


@pytest.fixture
def name() -> str:
    return f"model_{uuid.uuid4().hex}"


def logged(uri: str, folder: Path, network: bytes = b"1") -> tuple[Logged, str]:
    """Log a candidate; gives where it is, and its digest."""
    made_here = artifact(folder, network)
    given_tags = {**TAGS, "run": uuid.uuid4().hex}
    told = {"params": {}, "seed": 7, "curves": [], "metrics": {}, "pictures": {}, "tables": {}}
    found = log_candidate(
        uri, USECASE, "baseline", **told, artifact_folder=made_here, example=records(), tags=given_tags
    )
    return found, digest(made_here)


def versions(registry: Registry, uri: str, name: str, tmp_path: Path, count: int) -> list[str]:
    """Register some versions."""
    found = []
    for number in range(count):
        candidate, sha256 = logged(uri, tmp_path / str(number), bytes([number]))
        pinned = registry.add(name, candidate.run_id, candidate.model_uri, sha256, TAGS)
        found.append(pinned.version)
    return found


def stored(uri: str, candidate: Logged) -> Path:
    """Give the folder in which the store keeps a model's artifact."""
    model_id = candidate.model_uri.removeprefix("models:/")
    location = MlflowClient(uri).get_logged_model(model_id).artifact_location
    return Path(location.removeprefix("file://")) / "data" / "artifact"


def test_a_registered_model_is_found_by_its_alias(registry, uri, name, tmp_path):
    candidate, sha256 = logged(uri, tmp_path / "made")
    added = registry.add(name, candidate.run_id, candidate.model_uri, sha256, TAGS)
    registry.alias(name, "challenger", added.version)

    pinned = registry.resolve(name, "challenger")

    assert pinned == added
    assert (pinned.name, pinned.version, pinned.run_id) == (name, "1", candidate.run_id)
    assert (pinned.sha256, pinned.uri) == (sha256, f"models:/{name}/1")
    assert pinned.tags == {**TAGS, "sha256": sha256}


def test_the_files_of_a_version_come_back_to_the_byte(registry, uri, name, tmp_path):
    candidate, sha256 = logged(uri, tmp_path / "made")
    pinned = registry.add(name, candidate.run_id, candidate.model_uri, sha256, TAGS)

    folders = [registry.fetch(pinned, tmp_path / "got") for _ in range(2)]

    assert folders[0] != folders[1]
    assert [digest(folder) for folder in folders] == [sha256, sha256]
    assert {p.name for p in folders[0].rglob("*")} == {"network.onnx", "encoder.json", "model.json"}


def test_the_files_of_a_candidate_are_had_before_it_is_registered(registry, uri, tmp_path):
    candidate, sha256 = logged(uri, tmp_path / "made")

    assert digest(registry.fetch_logged(candidate.model_uri, tmp_path / "got")) == sha256


def test_adding_again_makes_no_second_version(registry, uri, name, tmp_path):
    candidate, sha256 = logged(uri, tmp_path / "made")
    first = registry.add(name, candidate.run_id, candidate.model_uri, sha256, TAGS)

    assert registry.add(name, candidate.run_id, candidate.model_uri, sha256, TAGS) == first


def test_a_missing_alias_is_refused_with_those_that_exist(registry, uri, name, tmp_path):
    versions(registry, uri, name, tmp_path, 1)
    registry.alias(name, "challenger", "1")

    with pytest.raises(RefusedError, match=r"there are: challenger \(version 1\)") as refusal:
        registry.resolve(name)

    assert (refusal.value.code, refusal.value.facts) == ("NL-C002", {"aliases": {"challenger": "1"}})


def test_a_use_case_without_any_model_has_no_champion(registry, name):
    with pytest.raises(RefusedError, match="there are: none") as refusal:
        registry.resolve(name)

    assert refusal.value.code == "NL-C002"


def test_a_deleted_version_is_refused(registry, uri, name, tmp_path):
    versions(registry, uri, name, tmp_path, 2)
    MlflowClient(uri, registry_uri=uri).delete_model_version(name, "2")

    with pytest.raises(RefusedError, match="has no version '2'") as refusal:
        registry.find(name, "2")

    assert refusal.value.code == "NL-C002"


def test_a_version_that_somebody_made_by_hand_is_not_eligible(registry, uri, name, tmp_path):
    candidate, _ = logged(uri, tmp_path / "made")
    book = MlflowClient(uri, registry_uri=uri)
    book.create_registered_model(name)
    model_id = candidate.model_uri.removeprefix("models:/")
    source = book.get_logged_model(model_id).artifact_location
    book.create_model_version(name, source, candidate.run_id, model_id=model_id)
    registry.alias(name, "champion", "1")

    with pytest.raises(RefusedError, match="never verified") as refusal:
        registry.resolve(name)

    assert refusal.value.code == "NL-C007"


def test_a_model_whose_files_changed_is_not_registered(database, name, tmp_path):
    candidate, sha256 = logged(database, tmp_path / "made")
    (stored(database, candidate) / "network.onnx").write_bytes(b"evil")

    with pytest.raises(RefusedError) as refusal:
        Registry(database).add(name, candidate.run_id, candidate.model_uri, sha256, TAGS)

    assert refusal.value.code == "NL-C003"
    assert Registry(database).aliases(name) == {}


def test_a_model_whose_files_changed_does_not_become_champion(database, name, tmp_path):
    registry = Registry(database)
    candidate, sha256 = logged(database, tmp_path / "made")
    registry.add(name, candidate.run_id, candidate.model_uri, sha256, TAGS)
    (stored(database, candidate) / "network.onnx").write_bytes(b"evil")

    with pytest.raises(RefusedError) as refusal:
        registry.move_champion(name, "1", by="Ana", reason="better")

    assert refusal.value.code == "NL-C003"
    assert registry.aliases(name) == {}


def test_a_model_without_files_is_not_registered(registry, uri, name):
    book = MlflowClient(uri, registry_uri=uri)
    place = book.create_experiment(f"empty-{uuid.uuid4().hex}")
    run_id = book.create_run(place).info.run_id
    empty = book.create_logged_model(place, "empty", run_id)

    with pytest.raises(RefusedError) as refusal:
        registry.add(name, run_id, f"models:/{empty.model_id}", "a" * 64, TAGS)

    assert refusal.value.code == "NL-C007"


def test_a_model_that_was_never_logged_is_not_registered(registry, name):
    with pytest.raises(RefusedError) as refusal:
        registry.add(name, "no-run", f"models:/m-{uuid.uuid4().hex}", "a" * 64, TAGS)

    assert refusal.value.code == "NL-C007"


def test_the_champion_moves_with_who_when_and_from(registry, uri, name, tmp_path):
    versions(registry, uri, name, tmp_path, 2)
    registry.move_champion(name, "1", by="Ana", reason="first")
    registry.move_champion(name, "2", by="Bruno", reason="better by 0.03 nats", over="1")

    told = [(m.version, m.origin, m.by, m.reason) for m in registry.moves(name)]
    assert told == [("1", "", "Ana", "first"), ("2", "1", "Bruno", "better by 0.03 nats")]
    assert registry.resolve(name).version == "2"
    assert registry.resolve(name).tags["champion.by"] == "Bruno"
    assert registry.previous_champion(name)[0].version == "1"


def test_moving_the_champion_to_itself_writes_nothing(registry, uri, name, tmp_path):
    versions(registry, uri, name, tmp_path, 1)
    for _ in range(2):
        registry.move_champion(name, "1", by="Ana", reason="first")

    assert len(registry.moves(name)) == 1


def test_a_champion_that_moved_since_the_gates_stops_the_release(registry, uri, name, tmp_path):
    versions(registry, uri, name, tmp_path, 3)
    registry.move_champion(name, "1", by="Ana", reason="first")
    registry.move_champion(name, "2", by="Ana", reason="second")

    with pytest.raises(RefusedError, match="champion 1, which is now 2") as refusal:
        registry.move_champion(name, "3", by="Bruno", reason="measured against 1", over="1")

    assert refusal.value.code == "NL-C009"
    assert registry.resolve(name).version == "2"


def test_each_rollback_goes_one_release_further_back(database, name, tmp_path):
    registry = Registry(database)
    for version in versions(registry, database, name, tmp_path, 3):
        registry.move_champion(name, version, by="CD", reason="released")

    for expected in ("2", "1"):
        earlier, _ = registry.previous_champion(name)
        registry.move_champion(name, earlier.version, by="Ana", reason="rollback")
        assert registry.resolve(name).version == expected
    with pytest.raises(RefusedError, match="no earlier champion"):
        registry.previous_champion(name)


def test_a_move_that_was_announced_but_not_made_is_no_history(database, name, tmp_path, monkeypatch):
    registry = Registry(database)
    versions(registry, database, name, tmp_path, 2)
    registry.move_champion(name, "1", by="Ana", reason="first")
    with monkeypatch.context() as broken:
        broken.setattr(MlflowClient, "set_registered_model_alias", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            registry.move_champion(name, "2", by="Ana", reason="the process dies here")
    assert [move.version for move in registry.moves(name)] == ["1"]

    registry.move_champion(name, "2", by="Ana", reason="again")

    assert [move.version for move in registry.moves(name)] == ["1", "2"]


@pytest.mark.parametrize(
    "text",
    [
        "no json",
        "[" * 4000,
        "[]",
        '{"version": "1"}',
        '{"version": 1, "origin": "", "by": "", "at": "", "reason": ""}',
        '{"version": "1", "origin": "", "by": "", "at": "", "reason": "", "more": ""}',
    ],
)
def test_a_tag_that_is_no_move_of_ours_is_refused_by_name(text):
    with pytest.raises(RefusedError, match=r"champion\.move\.2026") as refusal:
        read("cards", "champion.move.2026", text)

    assert refusal.value.code == "NL-C014"


def test_a_history_with_a_foreign_tag_is_not_guessed_and_goes_on_without_it(database, name, tmp_path):
    registry = Registry(database)
    for version in versions(registry, database, name, tmp_path, 2):
        registry.move_champion(name, version, by="CD", reason="released")
    MlflowClient(database).set_registered_model_tag(name, "champion.move.2026", "no move")

    with pytest.raises(RefusedError, match="NL-C014"):
        registry.previous_champion(name)

    assert registry.resolve(name).version == "2"
    MlflowClient(database).delete_registered_model_tag(name, "champion.move.2026")
    assert registry.previous_champion(name)[0].version == "1"


@given(st.lists(st.sampled_from("123456"), min_size=1))
def test_the_line_of_champions_ends_with_the_champion_and_repeats_nobody(moved):
    moves = [
        Move(now, then, "", "", "") for then, now in zip(["", *moved], moved, strict=False) if now != then
    ]
    line = line_of(made(moves, moved[-1]))

    assert line[-1] == moved[-1]
    assert len(set(line)) == len(line)


@pytest.mark.parametrize(
    ("status", "body"),
    [(503, b"<h1>Service Unavailable</h1>"), (500, b"{}"), (200, b"<html>log in</html>"), (404, b"gone")],
)
def test_a_registry_that_is_down_is_unavailable(status, body, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with answering(status, body) as (uri, _), pytest.raises(UnavailableError) as gone:
        Registry(uri).resolve("card_spending")

    assert gone.value.code == "NL-C006"
    assert "nothing was labelled" in gone.value.kept


def test_a_registry_that_does_not_let_us_in_is_refused(monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    refused = b"Invalid Host header - possible DNS rebinding attack detected"
    with answering(403, refused) as (uri, _), pytest.raises(RefusedError, match="Invalid Host") as refusal:
        Registry(uri).resolve("card_spending")

    assert refusal.value.code == "NL-C008"


def test_a_registry_that_is_down_is_asked_three_times_and_not_for_minutes(monkeypatch):
    for name in ("MAX_RETRIES", "BACKOFF_FACTOR", "TIMEOUT"):
        monkeypatch.delenv(f"MLFLOW_HTTP_REQUEST_{name}", raising=False)
    with answering(503, b"") as (uri, asked), pytest.raises(UnavailableError):
        Registry(uri).resolve("card_spending")

    assert len(asked) == 3


def test_a_process_that_asks_nothing_does_not_import_mlflow():
    script = (
        "import sys, nightlabel.registry.models as m; m.Registry('http://x'); print('mlflow' in sys.modules)"
    )

    assert subprocess.check_output([sys.executable, "-c", script], text=True) == "False\n"


def test_pickled_models_are_off_for_every_user_of_the_registry(database):
    Registry(database).aliases("x")

    assert not mlflow.environment_variables.MLFLOW_ALLOW_PICKLE_DESERIALIZATION.get()
