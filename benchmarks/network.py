"""The small torch network that all label with; trained once, then kept."""

import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.workload import USECASE
from nightlabel import catalog
from nightlabel.contract import UseCase

if TYPE_CHECKING:
    from nightlabel.registry.artifact import Labeller

CANDIDATE = "spellings"
"""A small network of the card."""

_MODEL, _SHA256 = "model", "sha256"


@dataclass(frozen=True)
class Network:
    """A trained candidate in a folder.

    Attributes:
        folder: What ``artifact.save`` wrote.
        sha256: Its digest.
    """

    folder: Path
    sha256: str

    def load(self) -> "Labeller":
        """Give the model object, as a pod loads it."""
        from nightlabel.registry import artifact  # noqa: PLC0415 - who only names a network needs no ONNX Runtime

        return artifact.load(self.folder, catalog.load(USECASE), sha256=self.sha256)


def trained(scratch: Path, candidate: str = CANDIDATE) -> Network:
    """Give a candidate of the card; train it where the scratch folder does not hold it yet.

    Args:
        scratch: Folder of the benchmark.
        candidate: Its name in ``usecase.toml``.
    """
    usecase = catalog.load(USECASE)
    place = scratch / f"{candidate}-{_code(usecase)}"
    if not place.exists():
        _train(usecase, place, candidate)
    return Network(place / _MODEL, (place / _SHA256).read_text(encoding="ascii"))


def _train(usecase: UseCase, place: Path, candidate: str) -> None:
    """Train aside and move, so that of two at once one wins and none finds half a network."""
    from benchmarks.training import train  # noqa: PLC0415 - torch is heavy, and mostly the network is there

    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent, ignore_cleanup_errors=True) as aside:
        made = Path(aside) / "made"
        sha256 = train(usecase, made / _MODEL, candidate)
        (made / _SHA256).write_text(sha256, encoding="ascii")
        try:
            made.rename(place)
        except OSError:
            if not place.exists():  # else another process was first
                raise


def _code(usecase: UseCase) -> str:
    """Name the code and the parameters that a network comes of."""
    parts = sorted(path for path in usecase.folder.iterdir() if path.suffix in {".py", ".toml"})
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in parts)).hexdigest()[:12]
