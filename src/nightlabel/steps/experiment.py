"""The first steps of an experiment: each reads what is there, leaves one result, and skips if it is left."""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from nightlabel import log
from nightlabel.contract import Fault
from nightlabel.errors import RefusedError
from nightlabel.settings import settings
from nightlabel.steps.data import read_data
from nightlabel.steps.folder import Experiment, Request
from nightlabel.validate import check
from nightlabel.version import checkout_path, holdout_digest
from nightlabel.version import name as name_data
from nightlabel.version import split as split_by_time

Result = dict[str, Any]
FAULTS = pa.schema(
    [
        ("source", pa.string()),
        ("source_version", pa.string()),
        ("row", pa.int64()),
        ("error_code", pa.string()),
        ("error_detail", pa.string()),
    ]
)


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
    """Split the labelled file into valid records and quarantine; kept + quarantined = read.

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
    request = place.request
    schema = place.usecase.schema
    payload = read_data(place, request)
    reading = schema.read(payload, labelled=True)
    checked = check(reading, schema.LabelledRecord, schema.COLUMNS)
    identity = {
        "source": request.data,
        "source_version": hashlib.md5(payload, usedforsecurity=False).hexdigest(),
    }
    place.write("rows.parquet", _rows(checked.frame, schema.COLUMNS, identity))
    place.write("quarantine.parquet", _faults(checked.faults, identity))
    return {
        **identity,
        "candidates": list(request.candidates),
        "records": reading.records,
        "kept": len(checked.frame),
        "quarantined": len(checked.faults),
        "reasons": _reasons(checked.faults),
        "extra_columns": list(reading.extra_columns),
    }


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
    payload = read_data(place, request)
    if hashlib.md5(payload, usedforsecurity=False).hexdigest() != validated["source_version"]:
        raise RefusedError(
            f"{request.data!r} changed after it was validated",
            code="NL-B010",
            kept="the validated records of the run",
            advice="start the experiment again",
        )
    with tempfile.TemporaryDirectory() as scratch:
        data = Path(scratch) / "data"
        data.write_bytes(payload)
        target = checkout_path(card.default_data)
        version = name_data(data, settings().home, place.lake.at("dvc"), path=target)
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


def _rows(frame: pd.DataFrame, columns: pa.Schema, identity: dict[str, str]) -> pa.Table:
    kept = [field for field in columns if field.name in frame.columns]
    table = pa.Table.from_pandas(frame[[f.name for f in kept]], schema=pa.schema(kept), preserve_index=False)
    table = table.replace_schema_metadata(None)
    for name, value in identity.items():
        table = table.append_column(name, pa.array([value] * len(frame), pa.string()))
    return table.append_column("row", pa.array(frame.index.to_numpy(), pa.int64()))


def _faults(faults: tuple[Fault, ...], identity: dict[str, str]) -> pa.Table:
    records = [{**identity, "row": f.row, "error_code": f.code, "error_detail": f.detail} for f in faults]
    return pa.Table.from_pylist(records, FAULTS)


def _reasons(faults: tuple[Fault, ...]) -> dict[str, int]:
    codes = [fault.code for fault in faults]
    return {code: codes.count(code) for code in sorted(set(codes))}
