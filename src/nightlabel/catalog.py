"""Finds the use cases: one folder each. Cards are read without importing any Python of a use case."""

import importlib.util
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from pydantic import ValidationError

from nightlabel.contract import Card, Modelling, Preparing, Schema, UseCase
from nightlabel.errors import RefusedError
from nightlabel.settings import settings


@dataclass(frozen=True, slots=True)
class Broken:
    """A folder whose card cannot be used, and why."""

    name: str
    reason: str


class _Lazy:
    """A module of a use case, imported at its first use: reading a schema must not load torch."""

    def __init__(self, folder: Path, stem: str) -> None:
        self._place = (folder, stem)
        self._module: ModuleType | None = None

    def __getattr__(self, name: str) -> Any:
        if self._module is None:
            self._module = _import(*self._place)
        return getattr(self._module, name)


def usecases(folder: Path | None = None) -> list[Card]:
    """Give the cards of all whole use cases, by name."""
    return [card for card in _cards(folder) if isinstance(card, Card)]


def broken(folder: Path | None = None) -> list[Broken]:
    """Give the folders whose card cannot be used, by name."""
    return [card for card in _cards(folder) if isinstance(card, Broken)]


def load(name: str, folder: Path | None = None) -> UseCase:
    """Give one use case; its modules are imported when they are first used.

    Raises:
        RefusedError: No such use case, or its card is broken.
    """
    root = folder or settings().usecases
    card = next((c for c in _cards(root) if c.name == name), None)
    if card is None:
        known = [c.name for c in usecases(root)]
        raise RefusedError(
            f"there is no use case {name[:60]!r}; there are: {', '.join(known) or 'none'}",
            code="NL-U001",
            kept="everything: nothing was begun",
            advice="nightlabel usecases",
            known=known,
        )
    if isinstance(card, Broken):
        raise RefusedError(
            card.reason,
            code="NL-U002",
            kept="everything: the other use cases go on",
            advice=f"correct {root / name / 'usecase.toml'}",
        )
    place = root / name
    return UseCase(
        card=card,
        folder=place,
        schema=cast("Schema", _Lazy(place, "schema")),
        prepare=cast("Preparing", _Lazy(place, "prepare")),
        model=cast("Modelling", _Lazy(place, "model")),
    )


def params(usecase: UseCase) -> dict[str, Any]:
    """Read ``params.toml``: the parameters of the model in production.

    Raises:
        RefusedError: The file is missing or is no TOML.
    """
    return _toml(usecase.folder / "params.toml")


def _cards(folder: Path | None) -> list[Card | Broken]:
    root = folder or settings().usecases
    places = sorted(p for p in root.iterdir() if p.is_dir() and not p.name.startswith(("_", ".")))
    return [_card(place) for place in places]


def _card(place: Path) -> Card | Broken:
    try:
        card = Card.model_validate(_toml(place / "usecase.toml"))
    except RefusedError as error:
        return Broken(place.name, error.sentence)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:5])
        return Broken(place.name, f"{place.name}/usecase.toml: {faults}")
    if card.name != place.name:
        return Broken(place.name, f"{place.name}/usecase.toml names {card.name!r}, but the folder does not")
    return card


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RefusedError(
            f"{path.parent.name}/{path.name} is missing",
            code="NL-U002",
            kept="everything: the other use cases go on",
            advice=f"restore {path} from git",
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RefusedError(
            f"{path.parent.name}/{path.name} is no TOML: {error}",
            code="NL-U002",
            kept="everything: the other use cases go on",
            advice=f"correct {path}",
        ) from None


def _import(folder: Path, stem: str) -> ModuleType:
    """Import one module of a use case under a name that is the same in every process."""
    name = f"nightlabel.usecases.{folder.name}.{stem}"
    if folder.parent == Path(__file__).parent / "usecases":
        return importlib.import_module(name)
    name = f"nightlabel_usecase_{folder.name}_{stem}"
    path = folder / f"{stem}.py"
    if (loaded := sys.modules.get(name)) and loaded.__file__ == str(path):
        return loaded
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not path.exists():
        raise RefusedError(
            f"{folder.name}/{stem}.py is missing",
            code="NL-U002",
            kept="everything: the other use cases go on",
            advice=f"restore {path} from git",
        )
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise RefusedError(
            f"{folder.name}/{stem}.py cannot be imported: {type(error).__name__}: {error}",
            code="NL-U002",
            kept="everything: the other use cases go on",
            advice=f"correct {path}",
        ) from error
    return module
