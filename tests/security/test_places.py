"""People name data below the places that this place allows; everything else is refused before it is asked."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from nightlabel import catalog
from nightlabel.errors import NightlabelError, RefusedError
from nightlabel.settings import Settings, read, settings
from nightlabel.steps import folder
from nightlabel.steps.data import opened
from nightlabel.store import open_uri, require_allowed

USECASE = "card_spending"
PRODUCTION = Settings(lake="s3://lake/root", data_from="s3://archive/cards file:///srv/cards")
METADATA_HOSTS = (
    *(
        "169.254.169.254",
        "2852039166",
        "0xa9fea9fe",
        "0xa9.0xfe.0xa9.0xfe",
        "0251.0376.0251.0376",
        "169.254.43518",
    ),
    *("[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]", "[fd00:ec2::254]", "metadata.google.internal"),
    *("169.254.169.254.nip.io", "user:word@169.254.169.254", "lake@169.254.169.254", "169.254.169.254:80"),
    *("169.254.169.254#lake", "localhost", "127.1", "[::1", "①⑥⑨.②⑤④.①⑥⑨.②⑤④"),
)
NAMES_OF_BUCKETS = ("metadata.google.internal", "169.254.169.254.nip.io", "localhost")
"""What a bucket may be called: its name is never the whole name of a machine."""

SCHEMES = ("http", "https", "s3", "ftp", "gopher", "data", "memory", "file", "FILE", "S3", "s3a", "")
HOSTILE = st.text(
    st.sampled_from("ab./\\%2e~*?[]{}$`;|&<>'\"\n\r\t\0\x1b é\u202e#:@")
    | st.characters(codec="utf-8", exclude_characters="\0"),
    max_size=60,
)


def refusal_of(uri: str, place: Settings) -> str:
    with pytest.raises(RefusedError) as refusal:
        require_allowed(uri, place)
    assert str(refusal.value).isprintable() or "\n" in str(refusal.value)
    return refusal.value.code


@pytest.mark.parametrize("host", METADATA_HOSTS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_no_spelling_of_the_metadata_address_is_a_place_of_data(scheme, host):
    assert refusal_of(f"{scheme}://{host}/latest/meta-data/iam", PRODUCTION) == "NL-H001"


@pytest.mark.parametrize("host", [host for host in METADATA_HOSTS if host not in NAMES_OF_BUCKETS])
def test_no_spelling_of_an_address_is_a_bucket_even_on_a_laptop(host):
    with pytest.raises(RefusedError) as refusal:
        open_uri(f"s3://{host}/latest/meta-data", Settings())

    assert refusal.value.code == "NL-H001"
    assert "word" not in str(refusal.value)


@pytest.mark.parametrize(
    "uri",
    [
        *("s3://lake/other/cards.csv", "s3://lake/root/x/", "s3://archive/cards/2019-*.csv"),
        *("file:///srv/cards/a%20b.csv", "s3://archive/cards", "card_spending/data/cards.csv"),
    ],
)
def test_what_the_place_allows_may_be_named(uri):
    require_allowed(uri, PRODUCTION)


@pytest.mark.parametrize(
    "uri",
    [
        *(
            "file:///etc/passwd",
            "file:///srv/cards/../../etc/passwd",
            "file:///srv/cards/%2e%2e/%2e%2e/etc/passwd",
        ),
        *("file:///srv/cards-of-others/a.csv", "file://host/srv/cards/a.csv", "s3://archive/cardsharp/a.csv"),
        *(
            "s3://archive/cards/../other/a.csv",
            "s3://archive/cards/%2e%2e/other/a.csv",
            "s3://archive/./cards/a",
        ),
        *("s3://archive", "s3://lakes/root/a.csv", "s3://LAKE/root/a.csv", "s3://lake.evil/root/a.csv"),
    ],
)
def test_what_is_beside_an_allowed_place_is_refused(uri):
    assert refusal_of(uri, PRODUCTION) == "NL-H001"


def test_a_link_that_leads_out_of_an_allowed_folder_is_refused(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "link").symlink_to("/etc")
    place = Settings(lake="s3://lake", data_from=(tmp_path / "in").as_uri())

    require_allowed(f"{(tmp_path / 'in').as_uri()}/cards.csv", place)
    assert refusal_of(f"{(tmp_path / 'in').as_uri()}/link/passwd", place) == "NL-H001"


def test_in_production_nothing_is_allowed_but_the_lakes_bucket_until_somebody_says_so():
    place = Settings(lake="s3://lake/root")

    require_allowed("s3://lake/cards.csv", place)
    for uri in ("file:///srv/cards/a.csv", "s3://other/a.csv"):
        assert refusal_of(uri, place) == "NL-H001"


def test_a_laptop_may_name_any_file_until_somebody_says_otherwise(tmp_path):
    require_allowed("file:///home/ann/cards.csv", Settings())
    require_allowed("s3://any-bucket/cards.csv", Settings())
    bounded = Settings(home=tmp_path, data_from="file:///srv")

    require_allowed(f"{tmp_path.as_uri()}/lake/cards.csv", bounded)
    assert refusal_of("file:///home/ann/cards.csv", bounded) == "NL-H001"


@pytest.mark.parametrize("roots", ["http://169.254.169.254", "/srv", "memory://"])
def test_a_root_of_another_scheme_is_no_setting(roots):
    with pytest.raises(RefusedError) as refusal:
        read({"NIGHTLABEL_DATA_FROM": roots})

    assert refusal.value.code == "NL-S001"


def test_pods_are_told_where_data_may_come_from():
    assert PRODUCTION.for_pods()["NIGHTLABEL_DATA_FROM"] == PRODUCTION.data_from


@pytest.fixture
def bounded(folder_place, monkeypatch):
    """A place with a lake in a folder, beside which nothing may be named."""
    monkeypatch.setenv("NIGHTLABEL_DATA_FROM", folder_place.lake_uri)
    settings.cache_clear()
    return settings()


@pytest.fixture
def run(bounded):
    return folder.experiment(USECASE, "hostile")


def test_an_experiment_on_a_foreign_address_leaves_nothing_so_that_its_name_stays_free(run):
    with pytest.raises(RefusedError) as refusal:
        folder.requested(run, data="http://169.254.169.254/latest")

    assert refusal.value.code == "NL-H001"
    assert not list(run.lake.list())


@budget(max_examples=200, deadline=None)
@given(
    HOSTILE, st.sampled_from(["", "../", "file://", "file:///", "s3://", "x/../../", "file:///etc/", "/etc/"])
)
def test_no_text_for_data_reaches_a_file_outside_the_lake(tmp_path_factory, text, prefix):
    """Every file below the test's folder but those of the lake is a trap that would be found."""
    outer = tmp_path_factory.mktemp("outer")
    (outer / "lake").mkdir()
    for name in ("a", "b", "ab"):
        (outer / name).write_text("trap")
    place = Settings(home=outer / "home", lake=(outer / "lake").as_uri(), data_from="s3://archive")
    with pytest.MonkeyPatch.context() as patch, suppress(NightlabelError):
        patch.setenv("NIGHTLABEL_HOME", str(place.home))
        patch.setenv("NIGHTLABEL_LAKE", place.lake)
        patch.setenv("NIGHTLABEL_DATA_FROM", place.data_from)
        settings.cache_clear()
        run = folder.experiment(USECASE, "hostile")
        with opened(run, folder.requested(run, data=prefix + text)) as data:
            assert all(source.root.startswith(place.lake) for source in data.sources)
            assert not data.sources
    settings.cache_clear()
    assert {path.name for path in outer.iterdir()} <= {"lake", "home", "a", "b", "ab"}


@given(HOSTILE)
def test_no_text_but_a_folder_of_the_catalog_is_a_use_case(text):
    with pytest.raises(RefusedError) as refusal:
        catalog.load(text)

    assert refusal.value.code == "NL-U001"
    assert refusal.value.sentence.isprintable()


@given(HOSTILE)
def test_no_text_but_a_word_names_a_run(text):
    named = False
    with suppress(RefusedError):
        folder.experiment(USECASE, text)
        named = True

    assert named == (
        text.replace("-", "").replace("_", "").isalnum() and text.isascii() and text[0] not in "-_"
    )


@given(HOSTILE)
def test_no_note_but_one_printable_line_is_kept(text):
    place = folder.Experiment(catalog.load(USECASE), open_uri("memory://"), "run")
    kept = None
    with suppress(RefusedError):
        kept = folder.requested(place, data="x", note=text).note

    assert kept == (text if text.isprintable() else None)
