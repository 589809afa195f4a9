"""GitHub fails in every way that it has; a proposal comes out whole, or says what is missing."""

import json
import logging

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import SecretStr

from nightlabel.errors import RefusedError, UnavailableError
from nightlabel.propose import forge
from nightlabel.propose.github import GitHubForge
from nightlabel.settings import Settings
from tests.fake_github import contract
from tests.fake_github.server import Fault
from tests.propose.conftest import CANARY, PARAMS, POINTER, changed

WRITES = [
    "POST .*/git/blobs",
    "POST .*/git/trees",
    "POST .*/git/commits",
    "POST .*/git/refs",
    "POST .*/pulls",
]
READS = ["GET .*/git/ref/.*", "GET .*/git/commits/.*", "GET .*/pulls"]
PULLS = "POST /repos/{owner}/{repo}/pulls"


@pytest.fixture(scope="session")
def key():
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = made.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    public = made.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private.decode(), public.decode()


@pytest.fixture
def app(team, key):
    """A forge that is let in as an App."""
    private, public = key
    team.fake.app = (public, {"contents": "write", "pull_requests": "write", "metadata": "read"})
    team.fake.tokens.clear()
    return team.another(
        github_token=SecretStr(""),
        github_app_id="7",
        github_app_installation="42",
        github_app_key=SecretStr(private),
    )


@pytest.mark.parametrize("where", WRITES + READS)
@pytest.mark.parametrize("before", [True, False], ids=["request lost", "reply lost"])
def test_a_lost_message_makes_no_second_proposal(team, where, before):
    team.fake.faults.append(Fault(where, before=before))
    proposal = team.forge.propose(changed())

    assert team.fake.faults == []
    assert team.waits.slept == [1.0]
    assert [pull["number"] for pull in team.fake.pulls] == [proposal.number] == [1]
    assert team.repository.changed(proposal.branch) == [POINTER, PARAMS]


@pytest.mark.parametrize("where", ["PATCH .*/git/refs/.*", "PATCH .*/pulls/1"])
@pytest.mark.parametrize("before", [True, False], ids=["request lost", "reply lost"])
def test_a_lost_message_of_an_update_is_sent_again(team, where, before):
    team.forge.propose(changed())
    team.fake.faults.append(Fault(where, before=before))
    proposal = team.forge.propose(changed(params=b"seed = 3\n", body="# Better\n"))

    assert team.fake.faults == []
    assert team.bodies() == ["# Better\n"]
    assert team.repository.file(proposal.branch, PARAMS) == b"seed = 3\n"


@pytest.mark.parametrize(
    "where", ["GET .*/issues/1/comments", "POST .*/issues/1/comments", "PATCH .*/pulls/1", "GET .*/pulls"]
)
@pytest.mark.parametrize("before", [True, False], ids=["request lost", "reply lost"])
def test_a_lost_message_says_no_word_twice_and_leaves_one_open_proposal(team, where, before):
    team.forge.propose(changed("linear"))
    team.fake.faults.append(Fault(where, before=before))
    team.forge.propose(changed("embeddings"))

    assert team.fake.faults == []
    assert team.states() == ["closed", "open"]
    assert len(team.words()) == 1


def test_a_forks_pull_request_is_not_closed(team, monkeypatch):
    team.forge.propose(changed("linear"))
    ours = team.fake._pull
    monkeypatch.setattr(
        team.fake,
        "_pull",
        lambda pull, **how: _of_a_fork(ours(pull, **how)) if pull["number"] == 1 else ours(pull),
    )

    assert team.forge.propose(changed("embeddings")).superseded == ()
    assert team.states() == ["open", "open"]


def test_a_branch_that_stands_without_a_pull_request_is_adopted(team):
    team.fake.faults.append(Fault("POST .*/pulls", 422, "Validation Failed: branch rule"))
    with pytest.raises(RefusedError, match=r"NL-F004 .*branch rule"):
        team.forge.propose(changed())
    tip = team.repository.sha(f"refs/heads/{changed().branch}")
    proposal = team.forge.propose(changed())

    assert proposal.commit == tip
    assert team.fake.seen[PULLS] == 1


@pytest.mark.parametrize(("where", "status"), list(zip(WRITES, (500, 502, 503, 504, 500), strict=True)))
def test_a_server_error_is_waited_for(team, status, where):
    team.fake.faults += [Fault(where, status), Fault(where, status)]

    assert team.forge.propose(changed()).created
    assert team.waits.slept == [1.0, 2.0]


@pytest.mark.parametrize(
    ("fault", "pause"),
    [
        (Fault("POST .*/pulls", 429, "Too many", {"Retry-After": "17"}), 17),
        (Fault("POST .*/pulls", 403, "You have exceeded a secondary rate limit", {"Retry-After": "31"}), 31),
        (Fault("POST .*/pulls", 403, "You have exceeded a secondary rate limit"), 60),
        (Fault("POST .*/pulls", 429, "Too many", {"Retry-After": "soon"}), 60),
        (
            Fault(
                "POST .*/pulls",
                403,
                "API rate limit exceeded for installation",
                {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1000044"},
            ),
            45,
        ),
    ],
)
def test_a_rate_limit_is_waited_for_as_told(team, fault, pause):
    team.fake.faults.append(fault)

    assert team.forge.propose(changed()).created
    assert team.waits.slept == [pause]


def test_a_pause_beyond_the_bound_is_unavailable_and_not_slept(team):
    team.fake.faults.append(Fault("POST .*/pulls", 429, "Too many", {"Retry-After": "3600"}))

    with pytest.raises(UnavailableError, match=r"NL-F001 .*3600 more seconds") as error:
        team.forge.propose(changed())
    assert error.value.facts["pause_seconds"] == 3600
    assert team.waits.slept == []


def test_a_service_that_stays_away_is_unavailable_within_the_bound(team):
    team.fake.faults += [Fault("GET .*", 503) for _ in range(40)]

    with pytest.raises(UnavailableError, match="NL-F001 GitHub did not read the branch 'main'"):
        team.forge.propose(changed())
    assert sum(team.waits.slept) <= 300


def test_a_service_that_is_not_there_is_unavailable(team):
    with pytest.raises(UnavailableError, match="NL-F001"):
        team.another(github_api="http://127.0.0.1:9").read(PARAMS)


@pytest.mark.parametrize("where", [*WRITES, *READS])
def test_the_page_of_a_proxy_is_no_answer(team, where):
    team.fake.faults.append(Fault(where, 200, text="<html>sign in</html>"))

    assert team.forge.propose(changed()).created
    assert team.waits.slept == [1.0]
    assert len(team.fake.pulls) == 1


@pytest.mark.parametrize(
    ("granted", "missing"),
    [
        ({"contents": "read", "pull_requests": "write"}, "contents: write"),
        ({"contents": "write", "pull_requests": "read"}, "pull requests: write"),
        ({"pull_requests": "write"}, "contents: read"),
    ],
)
def test_a_missing_permission_is_named_with_its_remedy(team, granted, missing):
    team.fake.tokens[CANARY] = granted

    with pytest.raises(RefusedError, match=rf"NL-F002 .*missing permission: {missing}") as refusal:
        team.forge.propose(changed())
    assert refusal.value.facts["status"] == 403
    assert "Contents: read and write" in refusal.value.advice
    assert team.waits.slept == []


def test_a_permission_that_github_does_not_name_is_named_by_us(team):
    team.fake.faults.append(Fault("POST .*/pulls", 403, "Resource not accessible by integration"))

    with pytest.raises(RefusedError, match="missing permission: pull requests: write"):
        team.forge.propose(changed())


def test_a_token_that_ran_out_is_refused_at_once(team):
    team.fake.tokens.clear()

    with pytest.raises(RefusedError, match=r"NL-F002 .*have run out.*Bad credentials"):
        team.forge.propose(changed())


def test_a_repository_that_is_not_shown_is_refused(team):
    with pytest.raises(RefusedError, match="NL-F004"):
        team.another(forge_repository="o/hidden").propose(changed())


def test_a_forks_pull_request_of_the_same_branch_name_is_not_adopted(team, monkeypatch):
    team.forge.propose(changed())
    ours = team.fake._pull
    monkeypatch.setattr(team.fake, "_pull", lambda pull, **how: _of_a_fork(ours(pull, **how)))

    assert team.forge.proposal(changed().branch) is None


def _of_a_fork(pull):
    pull["head"]["repo"]["full_name"] = "stranger/r"
    return pull


def test_a_pull_request_without_checks_is_flagged(team):
    team.fake.author = "github-actions[bot]"

    assert "no checks run on it" in team.forge.propose(changed()).warning


def test_an_app_mints_a_token_for_each_conversation_with_two_permissions(team, app):
    app.propose(changed())
    app.read(PARAMS)

    assert len(team.fake.minted) == 2
    assert team.fake.tokens[team.fake.minted[0]] == {"contents": "write", "pull_requests": "write"}


def test_an_apps_token_that_ran_out_is_minted_anew(team, app):
    team.fake.faults.append(Fault("POST .*/pulls", 401, "Bad credentials"))

    assert app.propose(changed()).number == 1
    assert len(team.fake.minted) == 2


def test_an_app_without_the_permission_is_refused_by_name(team, app):
    team.fake.app = (team.fake.app[0], {"contents": "write"})

    with pytest.raises(RefusedError, match=r"NL-F002 .*contents: write, pull requests: write.*not granted"):
        app.propose(changed())


def test_an_app_that_github_does_not_know_is_refused(team, app):
    with pytest.raises(RefusedError, match="NL-F002 GitHub refuses to let the App in"):
        GitHubForge(
            app._place.model_copy(update={"github_app_installation": "43"}),
            patience=team.waits.patience,
            gap=0,
        ).read(PARAMS)


@pytest.mark.parametrize(
    "wrong",
    [
        {"github_api": "http://api.github.com"},
        {"github_api": "https://user@evil.example"},
        {"github_api": "file:///etc/passwd"},
        {"forge_repository": "no-owner"},
        {"forge_repository": "../../user"},
        {"forge_repository": "o/r/../x"},
        {"github_token": SecretStr("")},
        {"github_app_id": "7"},
        {"github_app_id": "7", "github_app_installation": "x", "github_app_key": SecretStr("no key")},
    ],
)
def test_settings_that_are_not_whole_are_refused_before_anything_is_sent(team, wrong):
    with pytest.raises(RefusedError, match="NL-F004 the GitHub forge is not set up"):
        team.another(**wrong).propose(changed())
    assert not team.fake.seen


def test_secrets_stand_in_no_log_and_in_no_error(team, app, key, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="github")
    team.fake.tokens[CANARY] = {"contents": "write", "pull_requests": "write"}
    told = []
    for one in (team.forge, app):
        one.propose(changed())
        for status in (401, 401, 403, 404, 422, 429):
            team.fake.faults.append(Fault("GET .*/git/ref/.*", status, headers={"Retry-After": "9999"}))
        for _ in range(5):
            try:
                one.propose(changed(params=b"seed = 5\n"))
            except (RefusedError, UnavailableError) as error:
                told.append(
                    f"{error} {error!r} {json.dumps(error.facts)} {error.__cause__} {error.__context__!r}"
                )
        team.fake.faults.clear()
    written = caplog.text + "".join(capfd.readouterr()) + "".join(told)

    assert told
    assert team.fake.minted
    for secret in (CANARY, *team.fake.minted, key[0].splitlines()[1]):
        assert secret not in written + repr(team.place) + repr(app._place)


def test_the_settings_pick_the_forge(team, tmp_path):
    assert isinstance(forge(team.place), GitHubForge)
    assert forge(Settings(home=tmp_path)).repository == tmp_path / "forge.git"


def test_an_answer_against_githubs_description_is_a_violation(team, monkeypatch):
    monkeypatch.setattr(team.fake, "_ref", lambda ref, sha: {"ref": ref, "url": "", "object": {"sha": sha}})
    with pytest.raises(RefusedError, match="HTTP 418"):
        team.forge.propose(changed())

    assert "is a required property" in team.fake.violations.pop()
    assert team.fake.violations == []


def test_a_request_against_githubs_description_is_a_violation():
    with pytest.raises(contract.ContractError, match="unknown words"):
        contract.check_request(
            "post", "/repos/{owner}/{repo}/pulls", {}, {"head": "a", "base": "b", "boddy": ""}
        )
    with pytest.raises(contract.ContractError, match="required"):
        contract.check_request("post", "/repos/{owner}/{repo}/git/refs", {}, {"ref": "refs/heads/x"})
    with pytest.raises(contract.ContractError, match="unknown query"):
        contract.check_request("get", "/repos/{owner}/{repo}/pulls", {"branch": "x"}, None)
    with pytest.raises(contract.ContractError, match="GitHub has no"):
        contract.operation("patch", "/repos/o/r/git/ref/heads/x")
