"""``params.toml``: the parameters of the model in production, changed with a person's comments kept."""

import tomllib
from collections.abc import Mapping
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Table

from nightlabel.errors import RefusedError

CANDIDATE, SEED, TABLE = "candidate", "seed", "params"
"""All that the file holds: name of the candidate, seed, and the table of the candidate's parameters."""
NEW = b"# The parameters of the model in production. Proposals change this file; nobody does so by hand.\n"


def changed_params(current: bytes | None, params: Mapping[str, Any], *, candidate: str, seed: int) -> bytes:
    """Write new parameters into ``params.toml``, with comments and order kept.

    What is new comes last in its table, what is gone goes with its own comment, and what is equal stays
    as it is written.

    Args:
        current: The file as it stands; nothing where there is none yet.
        params: The candidate's parameters: plain values, lists and tables.
        candidate: Name of the candidate.
        seed: Seed of everything random.

    Returns:
        The file; reading it gives candidate, seed and parameters back, and nothing else.

    Raises:
        RefusedError: ``NL-F008``, the standing file is no TOML, or a parameter cannot stand in TOML.
    """
    wanted = {CANDIDATE: candidate, SEED: seed, TABLE: _plain(params)}
    try:
        document = tomlkit.parse(current or NEW)
        _bring(document, wanted)
        if not _reads(document, wanted):  # a table that only its own tables made visible
            document[TABLE] = _item(wanted[TABLE])
        if not _reads(document, wanted):
            raise _refused("what it reads back differs from the parameters")
    except (TOMLKitError, ValueError, TypeError) as error:
        raise _refused(str(error)) from None
    return tomlkit.dumps(document).encode()


def _reads(document: tomlkit.TOMLDocument, wanted: Mapping[str, Any]) -> bool:
    return _same(tomllib.loads(tomlkit.dumps(document)), wanted)


def _bring(table: tomlkit.TOMLDocument | Table, wanted: Mapping[str, Any]) -> None:
    for gone in [name for name in table if name not in wanted]:
        table.remove(gone)
    for name, value in wanted.items():
        standing = table.get(name)
        if isinstance(value, dict) and isinstance(standing, Table):
            _bring(standing, value)
        elif name not in table or not _same(_bare(standing), value):
            table[name] = _item(value)


def _item(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    table = tomlkit.table()
    _bring(table, value)
    return table


def _bare(value: Any) -> Any:
    return value.unwrap() if hasattr(value, "unwrap") else value


def _same(one: Any, other: Any) -> bool:
    """Compare values and their types: 1, 1.0 and true are three parameters."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return type(one) is type(other) and bool(one == other)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, bool | int | float | str):
        return value
    raise _refused(f"a parameter is a {type(value).__name__}, which TOML does not have")


def _refused(reason: str) -> RefusedError:
    return RefusedError(
        f"params.toml cannot be changed: {reason[:200]}",
        code="NL-F008",
        kept="params.toml as it was",
        advice="correct params.toml on the target branch, or the candidate's parameters on the card",
    )
