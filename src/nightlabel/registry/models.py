"""The model registry: versions, aliases, and the moves of the champion. Light to import, see ``client``.

A registered model is named like its use case. A version carries as tags what the night needs to trust it
(``sha256`` of the artifact folder) and what people ask for (data version, parameters, run).
"""

import json
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nightlabel.errors import RefusedError
from nightlabel.registry import client, files
from nightlabel.registry.history import Move, Release, made, read, releases_of
from nightlabel.registry.writing import create, overtaken

if TYPE_CHECKING:
    from mlflow import MlflowClient

CHAMPION = "champion"
CHALLENGER = "challenger"
ARTIFACT = "data/artifact"
"""The artifact folder inside a logged model."""

IMAGE = "image"
"""Tag of a version: the image that labels with it, by digest. With the alias it is what is in production."""

_MOVE = "champion.move."  # prefix of the tags that hold the history
_TEXT = 500  # characters of a name or reason that are kept


@dataclass(frozen=True, slots=True)
class Pinned:
    """One model version, resolved once: what a plan carries, so that an alias may move meanwhile.

    Attributes:
        name: The registered model; equals the name of the use case.
        version: Its version.
        run_id: The MLflow run that made it.
        sha256: Digest of its artifact folder.
        uri: Address in MLflow, without an alias.
        tags: All tags of the version.
    """

    name: str
    version: str
    run_id: str
    sha256: str
    uri: str
    tags: dict[str, str]


class Registry:
    """The registered models of one MLflow.

    Every method raises ``UnavailableError`` ``NL-C006`` within a minute where MLflow does not answer.
    """

    def __init__(self, tracking_uri: str) -> None:
        self._uri = tracking_uri

    @cached_property
    def _client(self) -> "MlflowClient":
        return client.connect(self._uri)

    @cached_property
    def _reader(self) -> client.Reader:
        return client.reader(self._uri)

    def add(self, name: str, run_id: str, model_uri: str, sha256: str, tags: Mapping[str, str]) -> Pinned:
        """Make a version of a logged model, after its artifact was read back and found whole.

        Args:
            name: The registered model; made where there is none.
            run_id: The MLflow run of the candidate.
            model_uri: Address of the logged model, ``models:/m-...``.
            sha256: Digest of the artifact folder that was logged.
            tags: What people ask for: ``run``, ``data_version``, ``params_digest``, ``commit``.

        Returns:
            The version; the one that is there where this model was added before.

        Raises:
            RefusedError: ``NL-C003`` the artifact is not the one that was logged, ``NL-C007`` there is none.
        """
        mlflow = self._client
        with client.answered(f"register {name}", self._uri):
            location = self._location(model_uri)
            self._verify(location, sha256)
            if (standing := self._standing(name, run_id, sha256)) is not None:
                return standing
            create(mlflow, name)
            version = mlflow.create_model_version(
                name,
                source=location,  # a models:/ URI would be looked up in MLflow's global database
                run_id=run_id,
                tags={**tags, "sha256": sha256},
                model_id=model_uri.removeprefix("models:/"),
            )
        return self.find(name, str(version.version))

    def alias(self, name: str, alias: str, version: str) -> None:
        """Point an alias at a version; the champion moves by ``move_champion``, which keeps the history."""
        with client.answered(f"set the alias {alias} of {name}", self._uri):
            self._client.set_registered_model_alias(name, alias, version)

    def aliases(self, name: str) -> dict[str, str]:
        """Give the version of each alias; none where there is no such model."""
        try:
            with client.answered(f"show {name}", self._uri):
                model = self._reader.get_registered_model(name)
        except client.MissingError:
            return {}
        return {alias: str(version) for alias, version in model.aliases.items()}

    def resolve(self, name: str, alias: str = CHAMPION) -> Pinned:
        """Read an alias, once; what follows uses the version.

        Raises:
            RefusedError: ``NL-C002`` there is no such model or alias, with the ones that exist;
                ``NL-C007`` the version was not made by us.
        """
        aliases = self.aliases(name)
        if alias not in aliases:
            known = ", ".join(f"{a} (version {v})" for a, v in sorted(aliases.items())) or "none"
            raise RefusedError(
                f"{name} has no model with the alias {alias!r}; there are: {known}",
                code="NL-C002",
                kept="everything: nothing was planned or labelled",
                advice=f"nightlabel experiment --usecase {name}, then nightlabel release",
                aliases=aliases,
            )
        return self.find(name, aliases[alias])

    def find(self, name: str, version: str) -> Pinned:
        """Give one version.

        Raises:
            RefusedError: ``NL-C002`` there is no such version, ``NL-C007`` it has no digest, so nobody
                has verified its artifact.
        """
        try:
            with client.answered(f"show version {version} of {name}", self._uri):
                found = self._reader.get_model_version(name, version)
        except client.MissingError:
            raise RefusedError(
                f"{name} has no version {version!r}: it was deleted, or never made",
                code="NL-C002",
                kept="everything: nothing was planned or labelled",
                advice="point the alias at a version that exists: nightlabel rollback",
                aliases=self.aliases(name),
            ) from None
        return _pinned(found)

    def fetch(self, pinned: Pinned, target: Path) -> Path:
        """Copy the artifact of a version here; nothing of it is parsed, ``artifact.load`` verifies it.

        Args:
            pinned: The version.
            target: A folder, made where there is none.

        Returns:
            The folder with the artifact's files, new below ``target``.

        Raises:
            RefusedError: ``NL-C007``, the version has no artifact.
        """
        with client.answered(f"show the files of {pinned.uri}", self._uri):
            location = self._reader.get_model_version_download_uri(pinned.name, pinned.version)
        return self._copy(location, target)

    def fetch_logged(self, model_uri: str, target: Path) -> Path:
        """Copy the artifact of a candidate that is not registered, ``models:/m-...``; as ``fetch``."""
        with client.answered(f"show the files of {model_uri}", self._uri):
            location = self._location(model_uri)
        return self._copy(location, target)

    def move_champion(
        self, name: str, version: str, *, by: str, reason: str, over: str = "", image: str = ""
    ) -> Pinned:
        """Make a version and its image production, and write who did it when, from what and why.

        One write decides: the alias, before which the image is a tag of a version that nobody asks for; or
        that tag, where the version is champion already. MLflow has no compare-and-swap: call it from one
        serialized job only.

        Args:
            name: The registered model.
            version: The new champion.
            by: Who decided it.
            reason: Why, one line.
            over: The version that must be champion now; empty does not ask.
            image: Image that labels with it, by digest; empty leaves the one that the version has.

        Returns:
            The new champion; nothing is written where it is champion with this image already.

        Raises:
            RefusedError: ``NL-C003`` or ``NL-C007``, its artifact is not the one that was registered;
                ``NL-C009``, another version became champion meanwhile.
        """
        pinned = self.find(name, version)
        with client.answered(f"move the champion of {name}", self._uri):
            self._verify(self._reader.get_model_version_download_uri(name, version), pinned.sha256)
        current = self.aliases(name).get(CHAMPION, "")
        if over and current != over:
            raise overtaken(name, version, over, current)
        now = Release(current, self._image(name, current))
        then = Release(version, image or pinned.tags.get(IMAGE, ""))
        if now == then:
            return pinned
        at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")  # a tag's name takes no plus sign
        self._write_move(
            name, Move(then.version, now.version, by[:_TEXT], at, reason[:_TEXT], then.image, now.image)
        )
        return self.find(name, version)

    def moves(self, name: str) -> tuple[Move, ...]:
        """Give the moves of the champion, oldest first, without those that were announced but not made.

        Raises:
            RefusedError: ``NL-C014``, a tag of the history is not ours.
        """
        try:
            with client.answered(f"show {name}", self._uri):
                model = self._reader.get_registered_model(name)
        except client.MissingError:
            return ()
        told = [read(name, tag, model.tags[tag]) for tag in sorted(model.tags) if tag.startswith(_MOVE)]
        champion = str(model.aliases.get(CHAMPION, ""))
        return made(told, champion, self._image(name, champion))

    def previous_champion(self, name: str) -> tuple[Pinned, str]:
        """Give the version and the image that a rollback returns to: each goes one release further back.

        Raises:
            RefusedError: ``NL-C002``, there is no earlier champion; ``NL-C014``, a tag of the history is
                not ours.
        """
        line = releases_of(self.moves(name))
        if len(line) < 2:  # noqa: PLR2004 - the champion and the one before
            sentence = f"{name} has no earlier champion to return to"
            raise RefusedError(sentence, code="NL-C002", kept="the champion", advice="nightlabel release")
        return self.find(name, line[-2].version), line[-2].image

    def _image(self, name: str, version: str) -> str:
        """Give the image of a version; one that is gone or not ours has none, and holds no move up."""
        with suppress(RefusedError):
            return self.find(name, version).tags.get(IMAGE, "") if version else ""
        return ""

    def _write_move(self, name: str, move: Move) -> None:
        mlflow = self._client
        with client.answered(f"move the champion of {name}", self._uri):
            mlflow.set_registered_model_tag(name, _MOVE + move.at, json.dumps(asdict(move)))
            for key, value in asdict(move).items():
                mlflow.set_model_version_tag(name, move.version, f"champion.{key}", value)
            if move.image:
                mlflow.set_model_version_tag(name, move.version, IMAGE, move.image)
            if move.origin != move.version:
                mlflow.set_registered_model_alias(name, CHAMPION, move.version)

    def _location(self, model_uri: str) -> str:
        try:
            found = self._client.get_logged_model(model_uri.removeprefix("models:/"))
        except Exception as error:
            if getattr(error, "error_code", "") in client.MISSING:
                raise RefusedError(
                    f"there is no logged model {model_uri!r}",
                    code="NL-C007",
                    kept="everything: nothing was registered",
                    advice="train the candidate again",
                ) from None
            raise
        return str(found.artifact_location)

    def _standing(self, name: str, run_id: str, sha256: str) -> Pinned | None:
        for version in self._client.search_model_versions(f"name = '{name}' and run_id = '{run_id}'"):
            if version.tags.get("sha256") == sha256:
                return _pinned(version)
        return None

    def _copy(self, location: str, target: Path) -> Path:
        target.mkdir(parents=True, exist_ok=True)
        here = Path(tempfile.mkdtemp(dir=target))
        return files.copy(location, ARTIFACT, here, self._reader, self._uri)

    def _verify(self, location: str, sha256: str) -> None:
        from nightlabel.registry.artifact import digest  # noqa: PLC0415 - the night only resolves

        with tempfile.TemporaryDirectory() as scratch:
            found = digest(self._copy(location, Path(scratch)))
        if found != sha256:
            raise RefusedError(
                f"the stored model has the SHA-256 {found[:12]}…, and {sha256[:12]}… was logged",
                code="NL-C003",
                kept="the registry as it was",
                advice="train the candidate again; somebody or something changed its files",
            )


def _pinned(version: Any) -> Pinned:
    tags = dict(version.tags)
    if not tags.get("sha256"):
        raise RefusedError(
            f"version {version.version} of {version.name} has no tag sha256: its artifact was never verified",
            code="NL-C007",
            kept="everything: nothing was planned, labelled or moved",
            advice="register models by nightlabel register; point the alias elsewhere: nightlabel rollback",
        )
    uri = f"models:/{version.name}/{version.version}"
    return Pinned(version.name, str(version.version), version.run_id or "", tags["sha256"], uri, tags)
