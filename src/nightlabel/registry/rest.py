"""MLflow's REST API, as much of it as a night asks: which version, what is its digest, where are its files.

``import mlflow`` costs more CPU than all else that a labelling process does before its first file, and
145 MB, whichever part of it is wanted. What is sent is what MLflow's own client sends.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from pydantic import BaseModel, ValidationError

from nightlabel.registry.access import Access

if TYPE_CHECKING:
    from requests import Response, Session

MLFLOW = "/api/2.0/mlflow"
PROXY = "/api/2.0/mlflow-artifacts/artifacts"
"""Where a server hands out the artifacts that it keeps itself."""

CHUNK = 1 << 20
"""Bytes of a file that are held at once."""

_TRANSIENT = (408, 429, 500, 502, 503, 504)
_CODES = {400: "BAD_REQUEST", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "ENDPOINT_NOT_FOUND"}


class AnswerError(Exception):
    """MLflow answered something else than was asked for; ``error_code`` is MLflow's own."""

    def __init__(self, said: str, error_code: str = "INTERNAL_ERROR") -> None:
        super().__init__(said)
        self.error_code = error_code


@dataclass(frozen=True, slots=True)
class RegisteredModel:
    """A registered model: the version of each alias, and its tags."""

    aliases: dict[str, str]
    tags: dict[str, str]


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """A version of a registered model; ``run_id`` is empty where no run made it."""

    name: str
    version: str
    run_id: str
    tags: dict[str, str]


class _Tag(BaseModel):
    key: str
    value: str = ""


class _Alias(BaseModel):
    alias: str
    version: str


class _Model(BaseModel):
    name: str
    aliases: list[_Alias] = []
    tags: list[_Tag] = []


class _Version(BaseModel):
    name: str
    version: str
    run_id: str = ""
    tags: list[_Tag] = []


class _ModelAnswer(BaseModel):
    registered_model: _Model


class _VersionAnswer(BaseModel):
    model_version: _Version


class _PlaceAnswer(BaseModel):
    artifact_uri: str


class Listed(BaseModel):
    """A file or folder of the artifact proxy; ``path`` is its name in the folder that was asked for."""

    path: str
    is_dir: bool = False


class _FilesAnswer(BaseModel):
    files: list[Listed] = []


_Answer = TypeVar("_Answer", bound=BaseModel)


class Rest:
    """An MLflow server, asked over HTTP by the method names of ``MlflowClient``.

    Every method raises ``AnswerError`` where MLflow answers otherwise, and ``OSError`` where it does not.
    """

    def __init__(self, tracking_uri: str, access: Access) -> None:
        self._uri = tracking_uri.removesuffix("/")
        self._access = access

    def get_registered_model(self, name: str) -> RegisteredModel:
        """Give a registered model."""
        found = self._ask(_ModelAnswer, f"{MLFLOW}/registered-models/get", name=name).registered_model
        return RegisteredModel({item.alias: item.version for item in found.aliases}, _mapping(found.tags))

    def get_model_version(self, name: str, version: str) -> ModelVersion:
        """Give one version."""
        path = f"{MLFLOW}/model-versions/get"
        found = self._ask(_VersionAnswer, path, name=name, version=version).model_version
        return ModelVersion(found.name, found.version, found.run_id, _mapping(found.tags))

    def get_model_version_download_uri(self, name: str, version: str) -> str:
        """Give the artifact URI of one version."""
        path = f"{MLFLOW}/model-versions/get-download-uri"
        return self._ask(_PlaceAnswer, path, name=name, version=version).artifact_uri

    def list_artifacts(self, path: str) -> list[Listed]:
        """List a folder below the root of the artifact proxy; nothing where there is none."""
        return self._ask(_FilesAnswer, PROXY, path=path).files

    def read_artifact(self, path: str) -> Iterator[bytes]:
        """Read a file below the root of the artifact proxy, in chunks."""
        with self._get(f"{PROXY}/{quote(path)}", {}, stream=True) as answer:
            yield from answer.iter_content(CHUNK)

    def date(self) -> str:
        """Give the date of an answer, whatever it answers; empty where it has none."""
        with self._session.get(
            f"{self._uri}/health",
            stream=True,
            timeout=self._access.timeout,
            verify=self._access.verify,
            cert=self._access.client_certificate or None,
            allow_redirects=False,
        ) as answer:
            return answer.headers.get("Date", "")

    @cached_property
    def _session(self) -> "Session":
        from requests import Session  # noqa: PLC0415 - who asks nothing does not pay for it
        from requests.adapters import HTTPAdapter  # noqa: PLC0415
        from urllib3 import Retry  # noqa: PLC0415

        retry = Retry(
            self._access.retries,
            status_forcelist=_TRANSIENT,
            backoff_factor=self._access.backoff,
            backoff_jitter=self._access.jitter,
            respect_retry_after_header=self._access.heeds_retry_after,
        )
        session = Session()
        session.headers.update(self._access.headers)
        for scheme in ("http://", "https://"):
            session.mount(scheme, HTTPAdapter(max_retries=retry))
        return session

    def _get(self, path: str, asked: dict[str, str], *, stream: bool = False) -> "Response":
        answer = self._session.get(
            self._uri + path,
            params=asked,
            stream=stream,
            timeout=self._access.timeout,
            verify=self._access.verify,
            cert=self._access.client_certificate or None,
            allow_redirects=self._access.redirects,
        )
        if answer.status_code != HTTPStatus.OK:
            raise _refusal(answer)
        return answer

    def _ask(self, kind: type[_Answer], path: str, /, **asked: str) -> _Answer:
        answer = self._get(path, asked)
        try:
            return kind.model_validate_json(answer.content)
        except ValidationError as error:
            fault = error.errors(include_input=False, include_url=False)[0]
            place = ".".join(map(str, fault["loc"]))
            raise AnswerError(f"{path} was answered by {answer.text!r}: {place} {fault['msg']}") from None


def _refusal(answer: "Response") -> AnswerError:
    """Give MLflow's own error where the answer names one, else what its status stands for."""
    try:
        told: Any = answer.json()
    except ValueError:
        told = None
    if isinstance(told, dict) and (named := told.get("error_code")):
        return AnswerError(f"{named}: {told.get('message', told)}", str(named))
    code = _CODES.get(answer.status_code, "INTERNAL_ERROR")
    return AnswerError(f"{answer.request.path_url} was answered {answer.status_code}: {answer.text}", code)


def _mapping(tags: list[_Tag]) -> dict[str, str]:
    return {tag.key: tag.value for tag in tags}
