"""A conversation with GitHub: let in, patient, and its refusals told in our words."""

import itertools
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from github import Auth, BadAttributeException, Github, GithubException, GithubIntegration
from github.Repository import Repository
from jwt import PyJWTError
from pydantic import SecretStr
from requests import RequestException

from nightlabel.errors import RefusedError
from nightlabel.propose.patience import Patience, backoff
from nightlabel.settings import Settings

T = TypeVar("T")
PERMISSIONS = {"contents": "write", "pull_requests": "write"}
"""All that a proposal needs; an App's token is minted with no more."""
WRITE_CONTENTS, WRITE_PULLS = "contents=write", "pull_requests=write"
READ_CONTENTS, READ_PULLS = "contents=read", "pull_requests=read"
UNAUTHORIZED, FORBIDDEN = 401, 403

_REPOSITORY = re.compile(r"[A-Za-z0-9-]{1,39}/[A-Za-z0-9_.-]{1,100}")
_ADDRESS = re.compile(r"https://[^\s@?#]+|http://(127\.0\.0\.1|localhost)(:\d+)?(/[^\s@?#]*)?")


class StrangeError(Exception):
    """An answer that is not one of GitHub's, such as the page of a proxy."""


@dataclass(frozen=True, slots=True)
class Client:
    """One conversation about one repository.

    Attributes:
        repository: The repository, nothing asked yet.
        patience: How long it may wait.
    """

    repository: Repository
    patience: Patience

    def ask(self, what: str, needs: str, call: Callable[[], T]) -> T:
        """Ask GitHub, and wait as it tells.

        Args:
            what: What is asked for, a verb first.
            needs: Permission that it takes, such as ``contents=write``.
            call: Asks; may be called again.

        Raises:
            GithubException: An answer that may have a meaning for the caller: 404, 409, 422.
            RefusedError: ``NL-F002``, with the permission that is missing.
            UnavailableError: ``NL-F001``, it did not answer in time, or not as GitHub does.
        """
        return _patient(self.patience, what, needs, call)


def connect(place: Settings, patience: Patience, gap: float) -> Client:
    """Begin a conversation, an App's token minted for it.

    Args:
        place: Settings with address, repository and credentials.
        patience: How long it may wait.
        gap: Seconds between two writes, as GitHub asks for.

    Raises:
        RefusedError: ``NL-F002`` or ``NL-F004``, GitHub does not let us in, or the settings are not whole.
        UnavailableError: ``NL-F001``, GitHub did not answer.
    """
    _check(place)
    logging.getLogger("github.Requester").setLevel(logging.INFO)  # DEBUG would log a minted token
    token = place.github_token
    if place.github_app_id:
        token = _minted(place, patience)
    github = Github(
        base_url=place.github_api,
        auth=Auth.Token(token.get_secret_value()),
        retry=None,
        per_page=100,
        seconds_between_requests=0,
        seconds_between_writes=gap,
        lazy=True,
    )
    return Client(github.get_repo(place.forge_repository), patience)


def refusal(what: str, error: GithubException) -> RefusedError:
    """Tell in our words that GitHub does not do what it was asked for."""
    return RefusedError(
        f"GitHub refuses to {what}: {said(error)}",
        code="NL-F004",
        kept="the registered challenger",
        advice="check repository, target branch and branch rules; then run the step again",
        status=error.status,
    )


def said(error: GithubException) -> str:
    """Give GitHub's own reason on one line."""
    data = error.data if isinstance(error.data, dict) else {}
    details = [str(d.get("message", "")) if isinstance(d, dict) else str(d) for d in data.get("errors") or []]
    text = "; ".join([str(data.get("message") or "no reason given"), *filter(None, details)])
    return f"{' '.join(text.split())[:200]} (HTTP {error.status})"


def _patient(patience: Patience, what: str, needs: str, call: Callable[[], T]) -> T:
    for attempt in itertools.count():
        try:
            return call()
        except GithubException as error:
            headers, reason = error.headers or {}, said(error)
            pause = patience.pause_after(error.status, headers, reason, attempt)
            if pause is None and error.status in (UNAUTHORIZED, FORBIDDEN):
                raise _barred(what, headers.get("x-accepted-github-permissions") or needs, error) from None
            if pause is None:
                raise
        except RequestException as error:
            pause, reason = backoff(attempt), f"no answer ({type(error).__name__})"
        except (BadAttributeException, StrangeError):
            pause, reason = backoff(attempt), "the answer is not one of GitHub's"
        patience.wait(pause, what, reason)
    raise AssertionError


def _minted(place: Settings, patience: Patience) -> SecretStr:
    """Mint a token that lives an hour and may do nothing but propose."""
    what = "let the App in"
    try:
        auth = Auth.AppAuth(place.github_app_id, place.github_app_key.get_secret_value())
        integration = GithubIntegration(auth=auth, base_url=place.github_api, retry=None)
        installation = int(place.github_app_installation)
        auth.create_jwt()
    except (PyJWTError, ValueError, TypeError, AssertionError):
        raise _incomplete("the App's installation is no number, or its private key is no PEM") from None
    try:
        mint = lambda: integration.get_access_token(installation, PERMISSIONS).token  # noqa: E731 - called twice
        return SecretStr(_patient(patience, what, "an installation", mint))
    except GithubException as error:
        needs = ", ".join(f"{scope}={level}" for scope, level in PERMISSIONS.items())
        raise _barred(what, needs, error) from None


def _barred(what: str, needs: str, error: GithubException) -> RefusedError:
    wanted = needs.replace("_", " ").replace("=", ": ")
    unknown = error.status == UNAUTHORIZED
    missing = "the credentials are not valid or have run out" if unknown else f"missing permission: {wanted}"
    return RefusedError(
        f"GitHub refuses to {what}: {missing}; it says: {said(error)}",
        code="NL-F002",
        kept="the registered challenger",
        advice="give the token or the App 'Contents: read and write' and 'Pull requests: read and write' on"
        " the repository, set NIGHTLABEL_GITHUB_TOKEN or the App's settings, run the step again",
        status=error.status,
        permission="" if unknown else needs,
    )


def _check(place: Settings) -> None:
    if not _ADDRESS.fullmatch(place.github_api):
        raise _incomplete("NIGHTLABEL_GITHUB_API must start with https:// (http:// on this machine only)")
    if not _REPOSITORY.fullmatch(place.forge_repository):
        raise _incomplete("NIGHTLABEL_FORGE_REPOSITORY must read owner/name")
    app = (place.github_app_id, place.github_app_installation, place.github_app_key.get_secret_value())
    if any(app) and not all(app):
        raise _incomplete("an App takes NIGHTLABEL_GITHUB_APP_ID, _APP_INSTALLATION and _APP_KEY, all three")
    if not any(app) and not place.github_token.get_secret_value():
        raise _incomplete("there is neither NIGHTLABEL_GITHUB_TOKEN nor an App")


def _incomplete(reason: str) -> RefusedError:
    return RefusedError(
        f"the GitHub forge is not set up: {reason}",
        code="NL-F004",
        kept="the results of the run; nothing was proposed",
        advice="set the variables that docs/settings.md names, or NIGHTLABEL_FORGE=local",
    )
