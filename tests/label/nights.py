"""A small world of nights: a use case of words, a labeller that knows their parity, and a whole night."""

import hashlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import unquote, urlsplit

import numpy as np
import pandas as pd

from nightlabel import catalog
from nightlabel.contract import Labels
from nightlabel.label import label_shard, plan, publish
from nightlabel.registry.artifact import Encoded
from nightlabel.registry.models import Pinned

USECASES = Path(__file__).parent / "usecases"
TINY = catalog.load("tiny", USECASES)
DATE = "2026-01-31"
NEXT = "2026-02-01"


def reading_like(read):
    """The use case of words after a fix of its reading."""
    schema = SimpleNamespace(Record=TINY.schema.Record, COLUMNS=TINY.schema.COLUMNS, read=read)
    return replace(TINY, schema=schema)


@dataclass
class Parity:
    """Labels a word ``even`` or ``odd`` by its length; a word that starts with ``?`` is unknown to it."""

    sha256: str = hashlib.sha256(b"parity").hexdigest()
    odd: str = "odd"
    classes: tuple[str, ...] = ("even", "odd", "other")
    frames: list[pd.DataFrame] = field(default_factory=list)

    def encode(self, frame, memory=None):
        self.frames.append(frame)
        words = frame["word"].str.len().to_numpy(np.int64)
        return Encoded({"length": words}, frame["word"].str.startswith("?").to_numpy(bool))

    def predict(self, encoded):
        length = encoded.inputs["length"]
        other = self.classes.index("other")
        odd = self.classes.index(self.odd)
        order = np.stack([np.where(length % 2 == 0, 0, odd), *[np.full(len(length), other)] * 2], axis=1)
        confidence = np.where(length > 3, 0.9, 0.5).astype(np.float32)
        shares = np.stack([confidence, 1 - confidence, np.zeros_like(confidence)], axis=1)
        return Labels(self.classes, order, shares)


def champion(version="1", sha256=Parity.sha256) -> Pinned:
    return Pinned("tiny", version, "run-1", sha256, "models:/m-1", {})


def put(lake, name, *lines, date=DATE):
    text = "\n".join(("word;amount", *lines))
    return lake.put(f"tiny/inbox/date={date}/{name}", text.encode())


def label_all(lake, made, labeller=None):
    labeller = labeller or Parity(made.model.sha256)
    return [label_shard(TINY, lake, made.date, made.run, s.name, labeller) for s in made.shards]


def planned(lake, run="night", date=DATE, model=None, **asked):
    return plan(TINY, lake, date, run, model or champion(), commit="abc", **asked)


def night(lake, run="night", date=DATE, model=None, labeller=None, **asked):
    made = planned(lake, run, date, model, **asked)
    label_all(lake, made, labeller)
    return publish(TINY, lake, date, run)


def left_half_done(lake, prefix):
    """Leave beside each object below a prefix what a pod that was killed leaves in a folder."""
    root = Path(unquote(urlsplit(lake.uri).path))
    for entry in list(lake.list(prefix)):
        (root / f"{entry.key}#1").write_bytes(b"{")
