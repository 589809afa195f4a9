"""The first steps of an experiment: each reads what is there, leaves one result, and skips if it is left."""

import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from nightlabel import log
from nightlabel.errors import RefusedError
from nightlabel.settings import settings
from nightlabel.steps import prepare
from nightlabel.steps.data import DataSet, accounts_of, opened
from nightlabel.steps.folder import Experiment, Request
from nightlabel.validate import FAULTS, Account, rows_schema
from nightlabel.version import checkout_path, holdout_digest
from nightlabel.version import name as name_data
from nightlabel.version import split as split_by_time

Result = dict[str, Any]


def once(name: str) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
    """Make a step leave one result, and do nothing where it is there."""

    def decorate(step: Callable[..., Result]) -> Callable[..., Result]:
        @wraps(step)
        def run(place: Experiment, *args: Any) -> Result:
            key = name.format(*args)
            if (result := place.done(key)) is not None:
                log.get("steps").info("skipped, its result is there", result=key)
                return result
            result = step(place, *args)
            place.lake.put(place.key(key), json.dumps(result, indent=2, default=str).encode())
            return result

        return run

    return decorate


def validate(place: Experiment, request: Request) -> Result:
    """Split the labelled files into valid records and quarantine; kept + quarantined = read.

    Raises:
        RefusedError: ``NL-R002``, the run was started with another request.
    """
    place.lake.create(place.key("request.json"), request.model_dump_json(indent=2).encode())
    if (standing := place.request) != request:
        raise RefusedError(
            f"run {place.run!r} was started with other parameters",
            code="NL-R002",
            kept="the run's first request",
            advice="start the experiment under another run name",
            standing=standing.model_dump(),
        )
    return _validated(place)


@once("validated.json")
def _validated(place: Experiment) -> Result:
    request, schema, parts = place.request, place.usecase.schema, list[Account]()
    with (
        opened(place, request) as data,
        place.writing("rows.parquet", rows_schema(schema)) as rows,
        place.writing("quarantine.parquet", FAULTS) as quarantine,
    ):
        for part in prepare.validate(place.usecase, data):
            rows.add(part.rows)
            quarantine.add(part.faults)
            parts += part.accounts
    return _told(data, request, accounts_of(data, parts))


@once("split.json")
def split(place: Experiment) -> Result:
    """Name the data set by its content, and give each record its role by time."""
    request, card, schema = place.request, place.usecase.card, place.usecase.schema
    validated = place.needed("validated.json", "validate")
    rows = place.read("rows.parquet")
    roles = split_by_time(
        rows[card.split_time], holdout_months=card.holdout_months, validation_months=card.validation_months
    )
    place.write("roles.parquet", pa.table({"row": rows["row"].to_numpy(), "role": roles.to_numpy(str)}))
    with opened(place, request) as data, tempfile.TemporaryDirectory(dir=settings().home) as scratch:
        copy = Path(scratch) / "data"
        if data.copy(copy) != validated["source_version"]:
            raise RefusedError(
                f"{request.data!r} changed after it was validated",
                code="NL-B010",
                kept="the validated records of the run",
                advice="start the experiment again",
            )
        target = checkout_path(card.default_data)
        version = name_data(copy, settings().home, place.lake.at("dvc"), path=target)
    times = rows[card.split_time]
    parts = {role: times[(roles == role).to_numpy()] for role in ("fit", "validation", "holdout")}
    return {
        "data_version": version.md5,
        "pointer": version.pointer,
        "holdout_digest": holdout_digest(
            rows.loc[(roles == "holdout").to_numpy(), ["source_version", "row"]]
        ),
        "classes": {str(name): int(count) for name, count in rows[schema.LABEL].value_counts().items()},
        "roles": {
            role: {"rows": len(part), "from": str(part.min()), "to": str(part.max())}
            for role, part in parts.items()
        },
    }


def rows_of(place: Experiment, *roles: str) -> pd.DataFrame:
    """Give the valid records that have one of the roles, in file order."""
    rows, given = place.read("rows.parquet"), place.read("roles.parquet")
    return rows[given["role"].isin(roles).to_numpy()].reset_index(drop=True)


def scratch_copy(folder: Path, name: str) -> Path:
    """Give an empty folder below a scratch folder."""
    target = folder / name
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    return target


def _told(data: DataSet, request: Request, accounts: list[Account]) -> Result:
    reasons = sum((Counter(account.reasons) for account in accounts), Counter[str]())
    extra = dict.fromkeys(name for account in accounts for name in account.extra_columns)
    return {
        "source": request.data,
        "source_version": data.version_of([(a.source_version, a.source) for a in accounts]),
        "files": len(accounts),
        "candidates": list(request.candidates),
        "records": sum(account.records for account in accounts),
        "kept": sum(account.kept for account in accounts),
        "quarantined": reasons.total(),
        "reasons": dict(sorted(reasons.items())),
        "extra_columns": list(extra),
    }
