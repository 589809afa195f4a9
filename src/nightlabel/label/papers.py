"""The papers of a night: plan, receipt, what was committed, the accounting. Each is one JSON object."""

import hashlib
import json
from typing import Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from nightlabel.errors import UnavailableError
from nightlabel.label.tally import Tally
from nightlabel.store import Store
from nightlabel.store.store import MissingError

Outcome = Literal["labelled", "quarantined"]
_READS = 5  # attempts to read an object whose bytes do not carry their seal


class Paper(BaseModel):
    """One JSON object that is written once and never changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def sealed(self) -> bytes:
        """Give the bytes to store, with a digest of all that they say."""
        content = self.model_dump(mode="json")
        return json.dumps({**content, "seal": _seal(content)}, indent=1).encode()

    @classmethod
    def opened(cls, data: bytes) -> Self:
        """Read stored bytes.

        Raises:
            ValueError: The bytes are not those that were sealed.
        """
        content = json.loads(data)
        if not isinstance(content, dict) or content.pop("seal", None) != _seal(content):
            raise ValueError("the seal does not fit")
        return cls.model_validate(content)


class Model(Paper):
    """The one model of a night, resolved once."""

    name: str
    version: str
    run_id: str
    sha256: str
    uri: str


class Shard(Paper):
    """The input files that one pod works off.

    Attributes:
        part: Key of the Parquet file that lists them, below the night's folder.
        part_sha256: SHA-256 of that file.
        inputs: Tally of the files.
    """

    name: str
    files: int
    bytes: int
    part: str
    part_sha256: str
    inputs: Tally


class Plan(Paper):
    """What one night is to do; made once, read by all of its steps.

    Attributes:
        kind: ``new`` has shards; ``empty`` commits a day without any input; ``noop`` changes nothing.
        reason: What was asked for: the ``night``, a ``replay`` of quarantine, or to ``relabel``.
        generation: The generation that the night will commit; of a ``noop`` the one that stands.
        table_version: Version of the labels table that the plan was made from.
        carried: Files of the generation before that stay as they are.
        replaces: Planned files whose earlier records go.
        commit: Git commit of the code.
        image: Image of the pods; empty in a process.
        created: When, ISO 8601, UTC.
    """

    usecase: str
    date: str
    run: str
    kind: Literal["new", "noop", "empty"]
    reason: Literal["night", "replay", "relabel"]
    generation: int = Field(ge=1)
    table_version: int = Field(ge=0)
    model: Model
    shards: tuple[Shard, ...]
    carried: Shard | None
    replaces: int
    commit: str
    image: str
    created: str

    @property
    def files(self) -> int:
        """Number of files to label."""
        return sum(shard.files for shard in self.shards)

    def shard(self, name: str) -> Shard | None:
        """Give a shard by name."""
        return next((shard for shard in self.shards if shard.name == name), None)


class DataFile(Paper):
    """One Parquet file that an attempt wrote; ``path`` is below the table's root."""

    path: str
    outcome: Outcome
    rows: int
    size: int
    sha256: str


class Receipt(Paper):
    """What a finished shard leaves: ``records = labelled + quarantined``.

    Attributes:
        attempt: UUID of the attempt that left it.
        quarantined: Records, and files that are one id, by code.
        extra_columns: Files by column that the schema does not know.
        unknown: Labelled records with a category that training never saw.
        inputs: Tally of the files.
        ids: Tally of the record ids.
        seconds: Wall time.
        started: When, ISO 8601, UTC.
        cpu: Processor seconds by stage.
        superseded: The receipt is that of another attempt, which was first; never stored.
    """

    usecase: str
    date: str
    run: str
    shard: str
    attempt: str
    files: int
    bytes: int
    records: int
    labelled: int
    quarantined: dict[str, int]
    extra_columns: dict[str, int]
    unknown: int
    model_sha256: str
    inputs: Tally
    ids: Tally
    data: tuple[DataFile, ...]
    seconds: float
    started: str
    cpu: dict[str, float] = Field(default_factory=dict)
    superseded: bool = Field(default=False, exclude=True)


class Summary(Paper):
    """The night for people and monitors; written after the commit.

    Attributes:
        records: Records of this night; ``labelled`` and ``quarantined`` are parts of it.
        partition_records: Records of the whole partition after the commit.
        carried_files: Files of earlier generations that stayed.
        seconds: From the first shard's start to the last one's end.
        records_per_second: ``records / seconds``.
    """

    usecase: str
    date: str
    run: str
    generation: int
    table_version: int
    model: Model
    files: int
    bytes: int
    records: int
    labelled: int
    quarantined: dict[str, int]
    unknown_share: float
    extra_columns: dict[str, int]
    partition_records: int
    carried_files: int
    replaced_files: int
    shards: int
    empty: bool
    seconds: float
    records_per_second: float


class Committed(Paper):
    """What publishing found or did.

    Attributes:
        outcome: ``committed`` by this call; ``already`` committed by this run; ``noop``, the same inputs
            stand already.
        generation: The generation that holds this run's inputs.
        head: The newest generation of the date.
        sentence: The same for people.
    """

    usecase: str
    date: str
    run: str
    outcome: Literal["committed", "already", "noop"]
    generation: int
    head: int
    table_version: int
    records: int
    sentence: str


class Accounting(Paper):
    """Every record of a partition, from the inbox to the table.

    Attributes:
        state: ``not run``; ``empty``, a committed day without records; or ``labelled``.
        inbox_files: Files in the inbox now.
        waiting: Files in the inbox that the generation does not hold in that version; the next night's.
        gone: Files of the generation that the inbox no longer holds in that version.
        files: Files of the generation.
        records: Records of the partition in the table.
        read_again: Files whose records were counted in the inbox once more.
        missing: Records that should be in the table and are not.
        unexpected: Records in the table of no planned file or row.
        duplicates: Records beyond the first of one id.
        differences: One sentence for each thing that does not add up.
        notes: One sentence for each thing that a person may want to know.
    """

    usecase: str
    date: str
    state: Literal["not run", "empty", "labelled"]
    generation: int
    run: str
    inbox_files: int
    waiting: int
    gone: int
    files: int
    records: int
    labelled: int
    quarantined: dict[str, int]
    read_again: int
    missing: int
    unexpected: int
    duplicates: int
    differences: tuple[str, ...]
    notes: tuple[str, ...]
    ok: bool


P = TypeVar("P", bound=Paper)


def find(lake: Store, key: str, kind: type[P]) -> P | None:
    """Read one paper, or give nothing where there is none.

    Raises:
        UnavailableError: ``NL-B007``, its bytes are not those that were written.
    """
    for _ in range(_READS):
        try:
            return kind.opened(lake.get(key))
        except MissingError:
            return None
        except (ValueError, ValidationError) as error:
            fault: Any = error
    raise damaged(key, str(fault))


def damaged(key: str, why: str) -> UnavailableError:
    """Make the error for an object whose bytes are not those that were written."""
    return UnavailableError(
        f"{key!r} is damaged: {why[:120]}",
        code="NL-B007",
        kept="everything; damaged bytes are never taken for bad data",
        advice="run the step again; if it stays, look at the store",
        key=key,
    )


def _seal(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
