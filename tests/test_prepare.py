"""The steps of an experiment take a folder of files, and come to the same with pandas and on Spark."""

import io

import pyarrow.parquet as pq
import pytest

from nightlabel import spread
from nightlabel.errors import RefusedError
from nightlabel.settings import Settings, settings
from nightlabel.steps import experiment, folder, model
from nightlabel.store import open_lake
from nightlabel.usecases.card_spending import lookalike

USECASE = "card_spending"
FILES = {f"set/{at}.csv": lookalike.make(400, at) for at in range(4)} | {"set/x.csv": b"id;valor\n1;2\n"}


@pytest.fixture(scope="session")
def spark(tmp_path_factory):
    place = Settings(home=tmp_path_factory.mktemp("spark"), spark_master="local[2]", prepare_with="spark")
    with spread.session(place) as session:
        yield session


@pytest.fixture
def run(folder_place, monkeypatch):
    for key, content in FILES.items():
        open_lake().put(key, content)

    def validated(name, engine, *, then=(), **asked):
        monkeypatch.setenv("NIGHTLABEL_PREPARE_WITH", engine)
        settings.cache_clear()
        place = folder.experiment(USECASE, name)
        asked = {"data": "set/", "candidates": ("baseline",)} | asked
        results = [experiment.validate(place, folder.requested(place, **asked))]
        return place, *results, *(step(place) for step in then)

    return validated


def tables(place):
    names = ("rows.parquet", "quarantine.parquet")
    return [pq.read_table(io.BytesIO(place.lake.get(place.key(name)))) for name in names]


def test_a_folder_gives_the_same_tables_and_account_with_both(run, spark):
    one, account = run("one", "pandas")
    two, same = run("two", "spark")

    assert tables(one) == tables(two)
    assert account == same
    assert account["files"] == len(FILES)
    assert account["kept"] + account["quarantined"] == account["records"] == 1_601
    assert account["reasons"]["NL-A004"] == 1


def test_a_candidate_trained_on_inputs_of_spark_is_the_same_model(run, spark):
    train = lambda place: model.train(place, "baseline")  # noqa: E731 - a step with its candidate
    _, _, _, one = run("one", "pandas", then=(experiment.split, train))
    _, _, _, two = run("two", "spark", then=(experiment.split, train))

    assert one["sha256"] == two["sha256"]
    assert one["validation"] == two["validation"]


def test_a_folder_is_found_again_by_its_data_version(run):
    one, account, split = run("one", "pandas", then=(experiment.split,))
    for key in FILES:
        one.lake.delete(key)

    two, again, resplit = run("two", "pandas", then=(experiment.split,), data_version=split["data_version"])

    assert tables(one) == tables(two)
    assert (again, resplit) == (account, split)


def test_a_pattern_takes_the_files_that_match(run):
    _, account = run("one", "pandas", data="set/[01].csv")

    assert account["files"] == 2
    assert "NL-A004" not in account["reasons"]


def test_a_folder_without_files_is_refused(run):
    with pytest.raises(RefusedError) as refusal:
        run("one", "pandas", data="nothing/")

    assert refusal.value.code == "NL-R003"


def test_a_folder_that_changed_after_it_was_validated_is_refused(run):
    place, _ = run("one", "pandas")
    place.lake.put("set/0.csv", lookalike.make(10, 5))

    with pytest.raises(RefusedError) as refusal:
        experiment.split(place)

    assert refusal.value.code == "NL-B010"
