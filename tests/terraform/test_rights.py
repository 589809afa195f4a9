"""The planned policies at work: a real night by the roles alone, and what each of them is refused."""

import uuid
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from nightlabel import version
from nightlabel.cli import output
from nightlabel.errors import RefusedError
from nightlabel.label import clean, publish, read_labels, table, verify
from nightlabel.settings import settings
from nightlabel.steps import health
from nightlabel.store import open_lake
from tests.label.nights import DATE, TINY, USECASES, label_all, planned
from tests.terraform.equipment.planned import bucket, resources, role
from tests.terraform.guard import guarded
from tests.terraform.iam import ALLOWED

ROLES = ("planner", "labeller", "publisher", "trainer", "launcher", "cleaner")
STEPS = {"planner": "plan", "labeller": "label", "publisher": "publish"}
WRITER = "exporter"
WORD = "not-a-secret"


class Cloud:
    """A lake behind the planned policies; whoever comes is one role."""

    def __init__(self, guard, monkeypatch) -> None:
        self._guard, self._monkeypatch, self._begun = guard, monkeypatch, len(guard.said())

    def become(self, who):
        """Be a role from now on; gives the lake as this role sees it."""
        self._monkeypatch.setenv("AWS_ACCESS_KEY_ID", who)
        return open_lake()

    def s3(self, who):
        """Give Amazon's own client, as a role."""
        known = {"endpoint_url": self._guard.address, "region_name": "eu-west-1"}
        return boto3.client("s3", aws_access_key_id=who, aws_secret_access_key=WORD, **known)

    def refused(self):
        """Give role, action and key of all requests that were refused."""
        return [entry[:3] for entry in self._guard.said()[self._begun :] if entry[3] != ALLOWED]


@pytest.fixture(scope="module")
def policies(prod):
    """The policies of the plan, and the bucket that they are about."""
    (name,) = {
        v["bucket"] for v in resources(prod, "aws_s3_bucket").values() if v["bucket"].endswith("-lake")
    }
    statements = bucket(prod, "lake")
    return {
        "account": "123456789012",
        "name": "nightlabel-prod",
        "roles": {who: role(prod, who) for who in ROLES},
        "bucket": statements,
        "lake": f"s3://{name}/lake",
    }


@pytest.fixture(scope="module")
def guard(policies, s3_server, tmp_path_factory):
    with guarded(s3_server, policies, tmp_path_factory.mktemp("guard")) as made:
        yield made


@pytest.fixture
def cloud(policies, guard, s3_server, monkeypatch):
    """An empty lake behind the planned policies."""
    root = {"endpoint_url": s3_server, "region_name": "us-east-1"}
    owner = boto3.resource("s3", aws_access_key_id="root", aws_secret_access_key=WORD, **root)
    owned = owner.Bucket(policies["lake"].split("/")[2])
    if owned.creation_date is None:
        owned.create()
    owned.objects.all().delete()
    for name, value in {
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "NIGHTLABEL_S3_REGION": "eu-west-1",
        "NIGHTLABEL_LAKE": policies["lake"],
        "NIGHTLABEL_S3_ENDPOINT": guard.address,
        "NIGHTLABEL_USECASES": str(USECASES),
    }.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    return Cloud(guard, monkeypatch)


@pytest.fixture
def night(cloud, s3_server, policies):
    """A night of two files, by the roles of its steps alone."""
    owner = boto3.client(
        "s3",
        endpoint_url=s3_server,
        region_name="us-east-1",
        aws_access_key_id="root",
        aws_secret_access_key=WORD,
    )
    for name, words in {"a.csv": "one;1\nfour;2", "b.csv": "three;x"}.items():
        key = f"lake/tiny/inbox/date={DATE}/{name}"
        owner.put_object(
            Bucket=policies["lake"].split("/")[2], Key=key, Body=f"word;amount\n{words}".encode()
        )
    made = planned(cloud.become("planner"))
    label_all(cloud.become("labeller"), made)
    publish(TINY, cloud.become("publisher"), DATE, "night")
    return made


def test_the_roles_are_enough_for_a_night_and_it_adds_up(cloud, night):
    found = read_labels(cloud.become("trainer"), "tiny", DATE)

    assert found["outcome"].tolist().count("labelled") == 2
    assert verify(TINY, open_lake(), DATE).ok
    assert cloud.refused() == []


def test_engines_may_write_checkpoints_of_the_table_again(cloud, night):
    for who in ("publisher", "planner"):
        cloud.become(who)
        table.find(open_lake(), "tiny").create_checkpoint()

    assert cloud.refused() == []


@pytest.mark.parametrize("who", ["planner", "labeller", "publisher", "trainer"])
def test_a_pod_keeps_its_answer_and_nobody_writes_over_it(cloud, who, monkeypatch):
    key = f"tiny/nights/{DATE}/night/answers/pod.json"
    monkeypatch.setenv("NIGHTLABEL_RESULT", key)
    settings.cache_clear()
    cloud.become(who)
    for answer in ("first", "second"):
        output.say({"answer": answer}, as_json=True)

    assert cloud.become("launcher").read_json(key) == {"answer": "first"}
    assert cloud.refused() == []


def test_the_trainer_names_data_and_keeps_the_drift_of_nights_again_and_again(cloud, tmp_path, monkeypatch):
    from evidently.sdk.models import DashboardModel, ProjectModel  # noqa: PLC0415 - heavy, and needed here alone

    from nightlabel.monitor.drift import dashboard  # noqa: PLC0415

    monkeypatch.setenv("AWS_ENDPOINT_URL", settings().s3_endpoint)
    lake, data = cloud.become("trainer"), tmp_path / "data"
    for content in ("one", "another"):
        data.write_text(content)
        named = version.name(data, tmp_path, lake.at("dvc"))
        version.fetch(named.md5, named.size, tmp_path, lake.at("dvc"), tmp_path / "again")
        space, project = dashboard.workspace_path(lake, "tiny"), dashboard.project_id("tiny")
        opened = dashboard._workspace(space, settings())
        opened.write_project(ProjectModel(id=project, name=content))
        opened.write_dashboard(project, DashboardModel(tabs=[], panels=[]))
        lake.put("tiny/experiments/first/verdict.json", content.encode())

    assert (tmp_path / "again").read_text() == "another"
    assert cloud.refused() == []


def test_the_cleaner_deletes_what_nobody_names_and_nothing_else(cloud, night, policies):
    labeller = cloud.become("labeller")
    lost = f"tiny/labels/date={DATE}/outcome=labelled/{uuid.uuid4().hex}.parquet"
    assert labeller.create(lost, b"an attempt that was killed")
    lake, in_days = cloud.become("cleaner"), lambda: datetime.now(UTC) + timedelta(days=8)
    done = clean(lake, "tiny", clock=in_days, delete=True)

    assert done.files == (lost,)
    assert cloud.refused() == []
    for key in (
        f"tiny/labels/_delta_log/{0:020d}.json",
        f"tiny/nights/{DATE}/night/plan.json",
        f"tiny/inbox/date={DATE}/a.csv",
    ):
        with pytest.raises(RefusedError):
            lake.delete(key)
        assert lake_has(cloud, key)


def lake_has(cloud, key):
    return cloud.become("trainer").head(key) is not None


@pytest.mark.parametrize("who", [who for who in ROLES if who != "cleaner"])
def test_no_other_role_deletes_anything_of_a_night(cloud, night, who):
    lake = cloud.become("trainer")
    keys = [entry.key for entry in lake.list("tiny")]
    lake = cloud.become(who)
    for key in keys:
        with pytest.raises(RefusedError):
            lake.delete(key)

    assert sorted(entry.key for entry in cloud.become("trainer").list("tiny")) == sorted(keys)
    assert {entry[:2] for entry in cloud.refused()} == {(who, "s3:DeleteObject")}


@pytest.mark.parametrize("who", ROLES)
def test_nothing_of_a_night_is_written_over_by_anybody(cloud, night, who):
    lake = cloud.become("trainer")
    kept = {
        e.key: e.version for e in lake.list("tiny") if "checkpoint" not in e.key and "/inbox/" not in e.key
    }
    lake = cloud.become(who)
    for key in kept:
        with pytest.raises(RefusedError):
            lake.put(key, b"other bytes")

    now = {e.key: e.version for e in cloud.become("trainer").list("tiny")}
    assert kept.items() <= now.items()
    assert len(kept) > 5


@pytest.mark.parametrize(
    ("who", "key"),
    [
        ("labeller", "tiny/labels/_delta_log/00000000000000000009.json"),
        ("labeller", f"tiny/nights/{DATE}/other/plan.json"),
        ("labeller", f"tiny/inbox/date={DATE}/labels/date=x"),
        ("labeller", f"card_spending_2/labels/date={DATE}/x.parquet"),
        ("planner", f"tiny/labels/date={DATE}/outcome=labelled/x.parquet"),
        ("planner", f"tiny/inbox/date={DATE}/c.csv"),
        ("publisher", "tiny/experiments/first/verdict.json"),
        ("trainer", "tiny/labels/_delta_log/00000000000000000009.json"),
        ("trainer", f"tiny/nights/{DATE}/night/receipts/x.json"),
        ("launcher", "tiny/labels/_delta_log/00000000000000000009.json"),
        ("cleaner", "tiny/labels/date=2026-01-31/x.parquet"),
    ],
)
def test_a_role_creates_nothing_outside_its_own_work(cloud, who, key):
    with pytest.raises(RefusedError):
        cloud.become(who).create(key, b"x")

    assert cloud.refused() == [(who, "s3:PutObject", f"lake/{key}")]


def test_the_publisher_does_not_read_the_inbox(cloud, night):
    with pytest.raises(RefusedError):
        cloud.become("publisher").get(f"tiny/inbox/date={DATE}/a.csv")


@pytest.mark.parametrize("who", ["nobody", WRITER, *ROLES])
def test_no_version_is_deleted_by_anybody(cloud, night, who):
    s3, key = cloud.s3(who), f"lake/tiny/nights/{DATE}/night/plan.json"
    with pytest.raises(s3.exceptions.ClientError, match="AccessDenied"):
        s3.delete_object(Bucket=settings().lake_uri.split("/")[2], Key=key, VersionId="1")


def test_a_stranger_reads_nothing_and_those_who_bring_files_bring_files_alone(cloud):
    name = settings().lake_uri.split("/")[2]
    for who in ("nobody", WRITER):
        with pytest.raises(cloud.s3(who).exceptions.ClientError, match="AccessDenied"):
            cloud.s3(who).list_objects_v2(Bucket=name)
    with pytest.raises(cloud.s3(WRITER).exceptions.ClientError, match="AccessDenied"):
        cloud.s3(WRITER).put_object(Bucket=name, Key="lake/tiny/nights/x", Body=b"", IfNoneMatch="*")


@pytest.mark.parametrize("who", STEPS)
def test_the_doctor_finds_each_role_of_a_night_right(cloud, who):
    cloud.become(who)
    found = {finding["name"]: finding for finding in health.examine(STEPS[who])["findings"]}

    for name in ("lake", "versions", "rights"):
        assert (found[name]["ok"], found[name]["advice"]) == (True, ""), found[name]
    assert "a rule keeps it from writing over objects" in found["rights"]["found"]
    assert list(cloud.become("trainer").list("doctor")) == []
