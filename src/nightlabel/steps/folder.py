"""The folder of one experiment: what each step leaves there, and for whom."""

import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator

from nightlabel import catalog
from nightlabel.contract import UseCase
from nightlabel.errors import RefusedError
from nightlabel.settings import settings
from nightlabel.store import Store, open_lake, require_allowed
from nightlabel.store.store import MissingError
from nightlabel.validate import typed

RunName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,119}$")]


class Request(BaseModel):
    """What a person asked an experiment for; written once, by its first step.

    Attributes:
        data: URI, or key below the lake, of the labelled file; a folder ends in a slash, a pattern has ``*``.
        data_version: MD5 of a data set that was named before; its bytes are used and not ``data``.
        candidates: Names of the candidates to train, of those on the card.
        seed: Seed of everything random.
        note: One line for the people who review.
        params: Parameters of the one candidate, where they are not the card's.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    usecase: str
    run: RunName
    data: str = Field(min_length=1, max_length=1024)
    data_version: str = Field(default="", pattern=r"^([0-9a-f]{32})?$")
    candidates: tuple[str, ...] = Field(min_length=1)
    seed: int = Field(default=7, ge=0, lt=2**31)
    note: str = Field(default="", max_length=500)
    params: dict[str, Any] = Field(default_factory=dict)

    @field_validator("note", "data")
    @classmethod
    def _one_printable_line(cls, text: str) -> str:
        if not text.isprintable():
            raise ValueError("must be one line of printable characters")
        return text

    @field_validator("data")
    @classmethod
    def _from_an_allowed_place(cls, data: str) -> str:
        require_allowed(data, settings())
        return data


class Groups:
    """Collects parts of a table into row groups; a group ends where a part ended."""

    ROWS = 65_536

    def __init__(self, writer: pq.ParquetWriter) -> None:
        self._writer = writer
        self._waiting: list[pa.Table] = []

    def add(self, part: pa.Table) -> None:
        if len(part):
            self._waiting.append(part)
        if sum(map(len, self._waiting)) >= self.ROWS:
            self.flush()

    def flush(self) -> None:
        if self._waiting:
            self._writer.write_table(pa.concat_tables(self._waiting))
            self._waiting = []


@dataclass(frozen=True, slots=True)
class Experiment:
    """One run of the experiment of one use case."""

    usecase: UseCase
    lake: Store
    run: str

    def key(self, name: str) -> str:
        """Give the key of one result."""
        return f"{self.usecase.name}/experiments/{self.run}/{name}"

    def done(self, name: str) -> dict[str, Any] | None:
        """Give a step's result where it is already there."""
        try:
            result: dict[str, Any] = self.lake.read_json(self.key(name))
        except MissingError:
            return None
        return result

    def needed(self, name: str, step: str) -> dict[str, Any]:
        """Give the result of an earlier step.

        Raises:
            RefusedError: ``NL-R001``, the earlier step has not run.
        """
        if (result := self.done(name)) is None:
            raise RefusedError(
                f"run {self.run!r} has no {name}: the step {step!r} comes first",
                code="NL-R001",
                kept="the results of the run so far",
                advice=f"nightlabel {step} --usecase {self.usecase.name} --run {self.run}",
                run=self.run,
            )
        return result

    def read(self, name: str) -> pd.DataFrame:
        """Read one table of the run, typed as validation gave it."""
        return typed(pq.read_table(io.BytesIO(self.lake.get(self.key(name)))))

    def write(self, name: str, table: pa.Table) -> None:
        """Write one table of the run."""
        buffer = io.BytesIO()
        pq.write_table(table, buffer, compression="zstd")
        self.lake.put(self.key(name), buffer.getvalue())

    @contextmanager
    def writing(self, name: str, schema: pa.Schema) -> Iterator["Groups"]:
        """Write one table of the run part by part, in memory that does not grow with it."""
        home = settings().home
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="table-", dir=home.absolute()) as scratch:
            path = Path(scratch) / "table"
            with pq.ParquetWriter(path, schema, compression="zstd") as writer:
                groups = Groups(writer)
                yield groups
                groups.flush()
            self.lake.put(self.key(name), path)

    @property
    def request(self) -> Request:
        """What was asked for."""
        return Request.model_validate(self.needed("request.json", "validate"))


def experiment(usecase: str, run: str) -> Experiment:
    """Open the folder of one run.

    Raises:
        RefusedError: There is no such use case, or the run's name is not allowed.
    """
    try:
        TypeAdapter(RunName).validate_python(run)
    except ValidationError:
        raise RefusedError(
            f"{run[:60]!r} cannot name a run: letters, digits, - and _ only, 120 at most",
            code="NL-H002",
            kept="everything: nothing was begun",
            advice="name the run otherwise",
        ) from None
    return Experiment(catalog.load(usecase), open_lake(), run)


def requested(place: Experiment, *, production: bool = False, **asked: Any) -> Request:
    """Check what a person asked for; what is left empty is what the card says.

    Args:
        place: The folder of the run.
        production: Train what ``params.toml`` says: its candidate, parameters and seed.
        asked: ``data``, ``data_version``, ``candidates``, ``seed``, ``note``.

    Raises:
        RefusedError: ``NL-H001``, data may not come from there; ``NL-H002``, a value is not allowed.
    """
    card = place.usecase.card
    given = {"data": card.default_data, "candidates": tuple(card.candidates)} | {
        k: v for k, v in asked.items() if v
    }
    given["seed"] = asked.get("seed", 7)
    if production:
        params = catalog.params(place.usecase)
        given |= {"candidates": (params["candidate"],), "seed": params["seed"], "params": params["params"]}
    if foreign := sorted(set(given["candidates"]) - set(card.candidates)):
        raise RefusedError(
            f"there is no candidate {foreign[0]!r}; there are: {', '.join(card.candidates)}",
            code="NL-H002",
            kept="everything: nothing was begun",
            advice="name candidates of the card",
        )
    try:
        return Request.model_validate({"usecase": card.name, "run": place.run, **given})
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:5])
        raise RefusedError(
            f"the experiment cannot start: {faults}",
            code="NL-H002",
            kept="everything: nothing was begun",
            advice="correct it and start again",
        ) from None
