"""The papers of a night: plan, receipt, what was committed, the accounting. Each is one JSON object."""

from typing import Literal

from pydantic import Field

from nightlabel.label.forecast_papers import Forecast, Pace
from nightlabel.label.paper import Paper, damaged, find
from nightlabel.label.tally import Tally

__all__ = [
    "Accounting",
    "Committed",
    "DataFile",
    "Forecast",
    "Model",
    "Origin",
    "Outcome",
    "Pace",
    "Paper",
    "Plan",
    "Receipt",
    "Shard",
    "Summary",
    "damaged",
    "find",
]

Outcome = Literal["labelled", "quarantined"]


class Model(Paper):
    """The one model of a night, resolved once."""

    name: str
    version: str
    run_id: str
    sha256: str
    uri: str


class Origin(Paper):
    """Where an earlier run has worked a shard off: its folder has the list of files and the receipt."""

    run: str
    shard: str


class Shard(Paper):
    """The input files that one pod works off.

    Attributes:
        part: Key of the Parquet file that lists them, below the night's folder.
        part_sha256: SHA-256 of that file.
        inputs: Tally of the files.
        origin: The earlier run that has worked it off; nothing where this night does.
    """

    name: str
    files: int
    bytes: int
    part: str
    part_sha256: str
    inputs: Tally
    origin: Origin | None = None


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
        forecast: When the night will be done, and when it must be; nothing where nothing is labelled.
        left_shards: Shards that were planned and not done at the deadline, of a night published in part.
        left_files: Their files; the next plan takes them.
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
    forecast: Forecast | None = None
    left_shards: int = 0
    left_files: int = 0

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
        extra_columns: Files by column that the schema does not know; the first some hundred by name.
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
        forecast: What the plan foretold.
        took: Seconds from the plan to the commit, to be held against the forecast.
        pace: How fast the night's own pods were; nothing where it had none.
        left_files: Files of the plan that were not done at the deadline.
        complete: Share of the plan's files that are published.
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
    forecast: Forecast | None = None
    took: float = 0.0
    pace: Pace | None = None
    left_files: int = 0
    complete: float = 1.0


class Committed(Paper):
    """What publishing found or did.

    Attributes:
        outcome: ``committed`` by this call; ``already`` committed by this run; ``noop``, the same inputs
            stand already.
        generation: The generation that holds this run's inputs.
        head: The newest generation of the date.
        left_files: Files of the plan that were not done at the deadline, and are not published.
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
    left_files: int = 0
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
