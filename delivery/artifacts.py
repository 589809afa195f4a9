"""What a workflow left, taken as if a stranger had left it."""

import io
import zipfile
from collections.abc import Iterable

import requests
from github import GithubException

from delivery.runner import DeliveryError, variable
from nightlabel.propose.client import Client, StrangeError, refusal
from nightlabel.propose.reproduction import LONGEST

MOST_BYTES = 262_144
"""Bytes of an archive."""
MOST_ARTIFACTS = 20
SECONDS = 30


def papers(client: Client, run: int, names: Iterable[str]) -> dict[str, bytes]:
    """Give the only file of each artifact that a run left under one of these names.

    Args:
        client: A conversation about the repository.
        run: Id of the workflow's run.
        names: Names of artifacts; others are not looked at.

    Raises:
        DeliveryError: An archive is too large, or holds anything but one small file.
    """
    wanted, found = set(names), dict[str, bytes]()
    for name, size, url in _listed(client, run):
        if name in wanted and name not in found:
            if size > MOST_BYTES:
                raise DeliveryError(f"the artifact {name} has {size:,} bytes")
            found[name] = only_file(_archive(url))
    return found


def only_file(archive: bytes) -> bytes:
    """Give the bytes of the one file of an archive; its name is not used.

    Raises:
        DeliveryError: It is no such archive, or the file is too long.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as packed:
            (entry,) = packed.infolist()
            with packed.open(entry) as file:
                content = file.read(LONGEST + 1)
    except (zipfile.BadZipFile, ValueError, RuntimeError, NotImplementedError, EOFError, OSError) as error:
        raise DeliveryError(f"the artifact is no archive of one file: {type(error).__name__}") from None
    if len(content) > LONGEST:
        raise DeliveryError(f"the paper is longer than {LONGEST:,} bytes")
    return content


def _listed(client: Client, run: int) -> list[tuple[str, int, str]]:
    repository = client.repository

    def ask() -> list[tuple[str, int, str]]:
        _, told = repository.requester.requestJsonAndCheck(
            "GET", f"{repository.url}/actions/runs/{run}/artifacts", parameters={"per_page": MOST_ARTIFACTS}
        )
        try:
            return [
                (str(one["name"]), int(one["size_in_bytes"]), str(one["archive_download_url"]))
                for one in told["artifacts"]
                if not one["expired"]
            ]
        except (TypeError, KeyError, ValueError):
            raise StrangeError from None

    try:
        return client.ask("list the artifacts", "actions=read", ask)
    except GithubException as error:
        raise refusal("list the artifacts", error) from None


def _archive(url: str) -> bytes:
    """Fetch an archive, no more of it than is allowed; the token stays with GitHub."""
    api = variable("GITHUB_API_URL", "https://api.github.com")
    if not url.startswith(f"{api}/"):
        raise DeliveryError("an artifact lies elsewhere than at GitHub's API")
    headers = {"Authorization": f"Bearer {variable('GITHUB_TOKEN')}"}
    with requests.get(url, headers=headers, timeout=SECONDS, stream=True) as answer:
        answer.raise_for_status()
        content = next(answer.iter_content(MOST_BYTES + 1), b"")
    if len(content) > MOST_BYTES:
        raise DeliveryError(f"the artifact has more than {MOST_BYTES:,} bytes")
    return bytes(content)
