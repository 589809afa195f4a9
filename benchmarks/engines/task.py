"""What every engine is given, and how each labels what it has read: by the same model object."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.network import Network
from benchmarks.workload import BUCKET, USECASE

if TYPE_CHECKING:
    import pandas as pd
    from obstore.store import S3Store

    from nightlabel.registry.artifact import Labeller

REGION, KEY, SECRET = "us-east-1", "benchmark", "benchmark"

NAMES = (
    *("id", "safra_abertura", "cidade", "estado", "idade", "sexo", "limite_total", "limite_disp", "data"),
    *("valor", "cidade_estabelecimento", "pais_estabelecimento"),
)
"""The columns of a file in their order, without the blanks of the header."""
NUMBERS = ("safra_abertura", "idade", "limite_total", "limite_disp")
TEXTS = tuple(name for name in NAMES if name not in (*NUMBERS, "data", "valor"))
RESULT = ("source", "row", "data", "valor", "label", "confidence")
"""What a peer writes of each record."""


@dataclass(frozen=True)
class Task:
    """One partition to label.

    Attributes:
        endpoint: Address of the store.
        day: The partition, an ISO date.
        out: Folder for the results, below the bucket.
        network: Folder of the model.
        sha256: Its digest.
        run: Name of the run, other for each round.
        shards: Shards of the plan.
        shard: Position of the only shard to label; -1 labels all.
    """

    endpoint: str
    day: str
    out: str
    network: str
    sha256: str
    run: str = "benchmark"
    shards: int = 1
    shard: int = -1

    @property
    def prefix(self) -> str:
        """Folder of the partition, below the bucket."""
        return f"{USECASE}/inbox/date={self.day}"

    def uri(self, key: str) -> str:
        return f"s3://{BUCKET}/{key}"

    def labeller(self) -> "Labeller":
        return Network(Path(self.network), self.sha256).load()

    def store(self) -> "S3Store":
        """Give obstore's client of the bucket."""
        from obstore.store import S3Store  # noqa: PLC0415 - each engine starts with its own client alone

        return S3Store(
            BUCKET,
            endpoint=self.endpoint,
            region=REGION,
            access_key_id=KEY,
            secret_access_key=SECRET,
            client_options={"allow_http": True},
        )


@dataclass(frozen=True)
class Done:
    """What an engine has done.

    Attributes:
        outputs: Keys of the Parquet files with the labelled records, below the bucket.
        stages: CPU seconds by stage, where an engine counts them.
    """

    outputs: tuple[str, ...]
    stages: Mapping[str, float] = field(default_factory=dict)


Work = Callable[[], Done]
Engine = Callable[[Task], Work]
"""Starts up (imports, model), and gives the work that is measured."""


def labelled(labeller: "Labeller", frame: "pd.DataFrame") -> "pd.DataFrame":
    """Add label and confidence to valid records.

    Args:
        labeller: The model.
        frame: The columns of a record, ``source`` and ``row``.

    Returns:
        The columns of ``RESULT``.
    """
    import numpy as np  # noqa: PLC0415 - as above

    probabilities = labeller.probabilities(frame)
    best = probabilities.argmax(axis=1)
    label = np.array(labeller.classes, dtype=object)[best]
    return frame.assign(label=label, confidence=probabilities.max(axis=1))[list(RESULT)]
