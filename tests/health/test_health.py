"""The doctor finds each fault of a place by the fault itself, says what to do, and leaves nothing behind."""

import json
import shutil
import stat
import subprocess
import urllib.request
import uuid
from pathlib import Path
from types import SimpleNamespace

import boto3
import pytest

from nightlabel.cli import people
from nightlabel.errors import NightlabelError, RefusedError
from nightlabel.registry.models import ARTIFACT
from nightlabel.settings import settings
from nightlabel.steps import health, tables
from nightlabel.store import open_lake
from nightlabel.store.canary import Canary
from tests import s3
from tests.health.between import (
    Busy,
    Flips,
    Forgets,
    LooksFirst,
    Rule,
    SameVersion,
    WrongClock,
    between,
    registry_of,
)
from tests.registry.stub import answering
from tests.registry.toy import toy_artifact, toy_usecase

LONG_AGO = "Thu, 26 Nov 2020 00:00:00 GMT"


def findings(step=""):
    settings.cache_clear()
    return {found["name"]: found for found in health.examine(step)["findings"]}


def bad(found):
    return {name: (finding["code"], finding["retry"]) for name, finding in found.items() if not finding["ok"]}


def assert_nothing_is_left(place):
    assert list(open_lake(place).list()) == []
    if place.lake_uri.startswith("file:"):
        assert list(Path(place.lake_uri.removeprefix("file://")).iterdir()) == []


def test_a_sound_place_is_found_sound_and_left_as_it_was(place):
    found = findings()

    assert bad(found) == {}
    assert {name for name, finding in found.items() if finding["advice"]} == set()
    assert_nothing_is_left(place)


@pytest.mark.parametrize(
    ("fault", "finding"),
    [
        (Forgets("if-none-match"), ("lake", "NL-B011", "created twice")),
        (Forgets("if-match"), ("versions", "NL-B014", "ignores If-Match")),
        (SameVersion(), ("versions", "NL-B014", "one version")),
        (Flips(), ("versions", "NL-B007", "other bytes")),
        (WrongClock(LONG_AGO), ("clock of the lake", "NL-S002", "signatures fail")),
    ],
    ids=["if-none-match", "if-match", "one version", "bytes", "clock"],
)
def test_a_store_that_breaks_a_promise_is_found_by_it(s3_place, s3_server, monkeypatch, fault, finding):
    check, code, said = finding
    with between(s3_server, fault) as address:
        monkeypatch.setenv("NIGHTLABEL_S3_ENDPOINT", address)
        found = findings()[check]

    assert (found["ok"], found["code"]) == (False, code)
    assert said in found["found"]
    assert found["advice"]
    assert_nothing_is_left(s3_place)


def test_a_store_that_looks_first_and_writes_then_is_found_by_many_writers(s3_place, s3_server, monkeypatch):
    with between(s3_server, LooksFirst(s3_server.removeprefix("http://"))) as address:
        monkeypatch.setenv("NIGHTLABEL_S3_ENDPOINT", address)
        found = findings()

    assert bad(found)["lake"] == ("NL-B011", False)
    assert "at once" in found["lake"]["found"]
    assert_nothing_is_left(s3_place)


def test_what_was_created_is_removed_from_a_busy_store_too(s3_place, s3_server):
    with between(s3_server, Busy()) as address:
        busy = open_lake(s3_place.model_copy(update={"s3_endpoint": address})).impatient()
        own = Canary(busy)
        assert own.create("one", b"1")
        assert own.create("two", b"2")
        own.remove()

    assert_nothing_is_left(s3_place)


def test_a_store_that_does_not_answer_hides_no_other_finding(s3_place, monkeypatch):
    monkeypatch.setenv("NIGHTLABEL_S3_ENDPOINT", "http://127.0.0.1:9")

    assert bad(findings()) == dict.fromkeys(
        ("lake", "versions", "rights", "clock of the lake"), ("NL-B001", True)
    )


def test_a_check_that_breaks_hides_no_other_finding(folder_place, monkeypatch):
    monkeypatch.setattr("nightlabel.store.rights.may", lambda *_: 1 / 0)

    assert bad(findings()) == dict.fromkeys(("lake", "versions", "rights"), ("NL-X000", False))


# --- rights: real policies, which moto holds every request against ---


@pytest.fixture(scope="module")
def guarded():
    """An S3 that asks who comes; gives a function from the statements of a policy to a lake's variables."""
    bucket = f"lake-{uuid.uuid4().hex[:12]}"
    with s3.served() as address:
        known = {"endpoint_url": address, "region_name": "us-east-1"}
        known |= {"aws_access_key_id": "root", "aws_secret_access_key": "root"}
        bucket_rules = boto3.client("s3", **known)

        def ask_who_comes(first):
            data, kind = str(first).encode(), {"Content-Type": "text/plain"}
            urllib.request.urlopen(
                urllib.request.Request(f"{address}/moto-api/reset-auth", data, kind)
            ).close()

        def role(*statements, keeps=()):
            ask_who_comes("inf")
            bucket_rules.delete_bucket_policy(Bucket=bucket)
            if keeps:
                denied = {"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteObject"}
                denied["Resource"] = [f"arn:aws:s3:::{bucket}{path}" for path in keeps]
                rules = json.dumps({"Version": "2012-10-17", "Statement": [denied]})
                bucket_rules.put_bucket_policy(Bucket=bucket, Policy=rules)
            users, name = boto3.client("iam", **known), uuid.uuid4().hex
            users.create_user(UserName=name)
            allowed = [
                {
                    "Effect": "Allow",
                    "Action": [f"s3:{action}" for action in actions],
                    "Resource": [f"arn:aws:s3:::{bucket}{path}" for path in paths],
                }
                for actions, paths in statements
            ]
            policy = json.dumps({"Version": "2012-10-17", "Statement": allowed})
            users.put_user_policy(UserName=name, PolicyName="all", PolicyDocument=policy)
            key = users.create_access_key(UserName=name)["AccessKey"]
            ask_who_comes(0)
            return {
                "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
                "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
                "NIGHTLABEL_LAKE": f"s3://{bucket}/root",
                "NIGHTLABEL_S3_ENDPOINT": address,
            }

        def left():
            ask_who_comes("inf")
            return bucket_rules.list_objects_v2(Bucket=bucket).get("Contents", [])

        bucket_rules.create_bucket(Bucket=bucket)
        yield role, left


DELETES = (["DeleteObject"], [""])  # moto holds a deletion against the bucket, and against its policy by key
OWN = (["PutObject", "GetObject"], ["/root/doctor/*"])
KEEPS = ["/root/card_spending/*"]
LISTS = (["ListBucket"], [""])
READS = (["GetObject"], ["/root/card_spending/*"])
WORKS = (["PutObject"], ["/root/card_spending/labels/date*", "/root/card_spending/nights/*"])
LABELS = (["PutObject"], ["/root/card_spending/labels/doctor-*"])


def become(monkeypatch, variables):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def test_a_role_that_may_write_over_objects_is_warned_of_and_told_how_to_forbid_it(guarded, monkeypatch):
    role, left = guarded
    become(monkeypatch, role(OWN, DELETES, LISTS, READS, WORKS, LABELS, keeps=KEEPS))
    found = findings("label")

    assert bad(found) == {}
    assert found["rights"]["found"] == (
        "enough for label of card_spending; but it may also overwrite card_spending/labels and nights"
    )
    assert "without If-None-Match" in found["rights"]["advice"]
    assert left() == []


def test_a_role_that_writes_new_objects_alone_has_the_rights_of_a_labelling_pod(guarded, monkeypatch):
    role, left = guarded
    variables = role(OWN, DELETES, LISTS, READS, WORKS, LABELS, keeps=KEEPS)
    with between(variables["NIGHTLABEL_S3_ENDPOINT"], Rule()) as address:
        become(monkeypatch, variables | {"NIGHTLABEL_S3_ENDPOINT": address})
        found = findings("label")

    assert found["rights"]["ok"]
    assert found["rights"]["advice"] == ""
    assert "a rule keeps it from writing over" in found["rights"]["found"]
    assert left() == []


def test_a_role_that_may_delete_and_commit_is_warned_of_for_labelling_and_not_on_a_laptop(
    guarded, monkeypatch
):
    role, left = guarded
    become(monkeypatch, role((["*"], ["", "/*"])))

    found = findings("label")["rights"]
    assert found["ok"]
    assert "delete card_spending/inbox, labels and nights" in found["found"]
    assert "write to card_spending/inbox and labels/_delta_log" in found["found"]
    assert "s3:DeleteObject" in found["advice"]
    assert findings()["rights"]["advice"] == ""
    assert left() == []


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        ((OWN, DELETES, LISTS, READS, LABELS), "write card_spending/nights"),
        ((OWN, DELETES, LISTS, WORKS, LABELS), "read card_spending/inbox, read card_spending/labels"),
        ((OWN, DELETES, READS, WORKS, LABELS), "list card_spending/inbox"),
    ],
)
def test_a_role_that_lacks_a_right_is_told_which(guarded, monkeypatch, statements, said):
    role, left = guarded
    become(monkeypatch, role(*statements, keeps=KEEPS))
    found = findings("label")

    assert bad(found)["rights"] == ("NL-B009", False)
    assert said in found["rights"]["found"]
    assert left() == []


def test_a_role_that_could_not_clean_up_is_refused_before_it_writes(guarded, monkeypatch):
    role, left = guarded
    become(monkeypatch, role(LISTS, READS, (["PutObject"], ["/root/*"])))
    found = findings("label")

    assert bad(found) == dict.fromkeys(("lake", "versions"), ("NL-B009", False))
    assert "below doctor/" in found["lake"]["advice"]
    assert "cannot be asked" in found["rights"]["found"]
    assert left() == []


def test_what_is_forbidden_is_refused_and_not_tried_again(guarded, monkeypatch):
    role, _ = guarded
    become(monkeypatch, role(READS))
    lake = open_lake()

    for forbidden in (lambda: list(lake.list("card_spending")), lambda: lake.delete("card_spending/x")):
        with pytest.raises(RefusedError) as refusal:
            forbidden()
        assert refusal.value.code == "NL-B009"


def test_a_step_without_a_role_is_refused(folder_place):
    with pytest.raises(RefusedError, match="plan, label, publish"):
        health.examine("monitor")


# --- this machine ---


def test_a_full_disk_is_found(folder_place, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=499 * 2**20))

    found = findings()["scratch disk"]
    assert (found["ok"], found["advice"]) == (False, "free at least 500 MB")


def test_secrets_that_others_may_read_are_found_until_they_may_not(folder_place, monkeypatch, tmp_path):
    kept = tmp_path / "credentials"
    kept.write_text("[default]\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(kept))
    kept.chmod(0o644)

    advice = findings()["secrets"]["advice"]
    subprocess.run(advice.split(), check=True)

    assert advice == f"chmod 600 {kept}"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert findings()["secrets"]["ok"]


def test_a_broken_use_case_is_found(folder_place, monkeypatch, tmp_path):
    toy_usecase(tmp_path / "usecases")
    (tmp_path / "usecases" / "toy" / "usecase.toml").write_text("name =")
    monkeypatch.setenv("NIGHTLABEL_USECASES", str(tmp_path / "usecases"))

    assert bad(findings())["use cases"] == ("NL-U002", False)


# --- the registry ---


@pytest.fixture
def champion(folder_place, tmp_path, monkeypatch):
    """A use case with a real network in a folder, and its digest."""
    case, logged = toy_usecase(tmp_path / "usecases"), tmp_path / "logged"
    monkeypatch.setenv("NIGHTLABEL_USECASES", str(tmp_path / "usecases"))
    return logged, toy_artifact(logged / ARTIFACT, case)


def asked_of(address, monkeypatch):
    monkeypatch.setenv("NIGHTLABEL_TRACKING_URI", address)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    return findings()


def test_a_champion_that_is_whole_runs_here(champion, monkeypatch):
    folder, sha256 = champion
    with registry_of("toy", "3", folder, sha256) as address:
        found = asked_of(address, monkeypatch)

    assert bad(found) == {}
    assert (
        f"toy: version 3 has the registered SHA-256 {sha256[:12]}…, and runs here"
        in found["champions"]["found"]
    )


def test_a_champion_whose_files_are_not_those_that_were_registered_is_found(champion, monkeypatch):
    folder, sha256 = champion
    with registry_of("toy", "3", folder, sha256[::-1]) as address:
        assert bad(asked_of(address, monkeypatch)) == {"champions": ("NL-C003", False)}


def test_a_champion_that_the_runtime_here_does_not_run_is_found(champion, monkeypatch):
    from nightlabel.registry.artifact import NETWORK, digest  # noqa: PLC0415 - with the other heavy ones

    folder, _ = champion
    (folder / ARTIFACT / NETWORK).write_bytes(b"no network")
    with registry_of("toy", "3", folder, digest(folder / ARTIFACT)) as address:
        assert bad(asked_of(address, monkeypatch)) == {"champions": ("NL-C005", False)}


@pytest.mark.parametrize(
    ("status", "body", "fault"),
    [
        (500, b"", ("NL-C006", True)),
        (200, b"<html>sign in</html>", ("NL-C006", True)),
        (403, b"", ("NL-C008", False)),
    ],
)
def test_a_registry_that_does_not_let_us_in_is_found_and_is_not_one_without_a_champion(
    folder_place, monkeypatch, status, body, fault
):
    with answering(status, body) as (address, _):
        found = bad(asked_of(address, monkeypatch))

    assert {name: found[name] for name in ("registry", "champions")} == dict.fromkeys(
        ("registry", "champions"), fault
    )
    assert set(found) - {"clock of MLflow"} == {"registry", "champions"}


def test_a_registry_of_another_time_is_found(champion, monkeypatch):
    folder, sha256 = champion
    with registry_of("toy", "3", folder, sha256) as sound, between(sound, WrongClock(LONG_AGO)) as address:
        found = asked_of(address, monkeypatch)

    assert bad(found) == {"clock of MLflow": ("NL-S002", False)}
    assert "ahead of that of MLflow" in found["clock of MLflow"]["found"]


# --- the command ---


@pytest.mark.parametrize(
    ("variables", "code"),
    [
        ({}, 0),
        ({"NIGHTLABEL_LAKE": "s3://bucket", "NIGHTLABEL_S3_ENDPOINT": "http://127.0.0.1:9"}, 75),
        ({"NIGHTLABEL_USECASES": "{broken}"}, 64),
        ({"NIGHTLABEL_LAKE": "s3://bucket", "NIGHTLABEL_S3_ENDPOINT": "http://127.0.0.1:9"}
         | {"NIGHTLABEL_USECASES": "{broken}"}, 64),
    ],
    ids=["all is well", "no answer", "a fault", "both"],
)  # fmt: skip
def test_the_exit_code_says_whether_a_person_must_do_something(
    tmp_path, monkeypatch, capsys, variables, code
):
    (tmp_path / "bad").mkdir()
    become(monkeypatch, {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"})
    become(monkeypatch, {name: value.format(broken=tmp_path) for name, value in variables.items()})
    settings.cache_clear()

    if code == 0:
        people.doctor()
    else:
        with pytest.raises(NightlabelError) as told:
            people.doctor()
        assert (told.value.exit_code, told.value.code) == (code, "NL-S002")
        assert told.value.advice
    assert len(capsys.readouterr().out.splitlines()) > 10


def test_the_table_tells_pass_warning_and_fault_apart(capsys):
    from rich.console import Console  # noqa: PLC0415

    rows = [(True, "", "good"), (True, "take it", "warn"), (False, "mend it", "fail")]
    drawn = [
        {"name": "n", "ok": ok, "found": "f", "advice": advice, "code": "", "retry": False}
        for ok, advice, _ in rows
    ]
    Console().print(tables.findings({"findings": drawn}))

    assert [line.split()[1] for line in capsys.readouterr().out.splitlines()[1:]] == [
        mark for *_, mark in rows
    ]
