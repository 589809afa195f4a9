"""One Spark session for the tests of Spark, and both ways of validating the same files."""

from contextlib import ExitStack

import pyarrow as pa
import pytest

from nightlabel import catalog, spread
from nightlabel.settings import Settings
from nightlabel.steps.data import DataSet, accounts_of
from nightlabel.store import open_uri
from nightlabel.validate import Source, validated


@pytest.fixture(scope="session")
def spark(tmp_path_factory):
    """Spark with two threads; its workers may read the S3 of the tests."""
    place = Settings(home=tmp_path_factory.mktemp("spark"), spark_master="local[2]", prepare_with="spark")
    with ExitStack() as stack:
        with pytest.MonkeyPatch.context() as patch:
            for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
                patch.setenv(name, "test")
            session = stack.enter_context(spread.session(place))
        yield session


@pytest.fixture(scope="session")
def cards():
    return catalog.load("card_spending")


def stored(root, files, place=None):
    """Write files below a root; give them as sources, by name."""
    store = open_uri(root, place)
    entries = [store.put(key, content) for key, content in sorted(files.items())]
    return [Source(f"set/{e.key}", store.uri, e.key, store.head(e.key).version, e.size) for e in entries]


def by_pandas(usecase, sources, place, *, alone=False):
    return together(
        [validated(usecase.schema, s.read(place), s.name, alone=alone) for s in sources], sources, alone=alone
    )


def by_spark(spark, usecase, sources, place, *, alone=False, part=1024):
    answers = spread.validate(spark, usecase, sources, place, alone=alone, part=part)
    return together(list(answers), sources, alone=alone)


def together(answers, sources, *, alone):
    """Give rows, faults and accounts of all files."""
    data = DataSet("set", tuple(sources), folder=not alone)
    accounts = accounts_of(data, [account for answer in answers for account in answer.accounts])
    rows = pa.concat_tables([answer.rows for answer in answers])
    return rows, pa.concat_tables([answer.faults for answer in answers]), accounts
