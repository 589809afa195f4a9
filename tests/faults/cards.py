"""Whole nights over files of card purchases that went wrong on their way, in a folder."""

import hashlib
from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np

from nightlabel import catalog
from nightlabel.contract import Labels
from nightlabel.label import label_shard, plan, publish, read_labels
from nightlabel.registry.artifact import Encoded
from tests.faults.accounting import assert_accounted
from tests.label.nights import DATE, champion

CARD = catalog.load("card_spending")
NAMES = [name for name in CARD.schema.COLUMNS.names if name != CARD.schema.LABEL]
CELLS = (
    "4,53E+11",
    "201405",
    "SOROCABA",
    "SP",
    "37",
    "F",
    "4700",
    "5605",
    "4.12.2019",
    "31",
    "SAO PAULO",
    "BR",
)
GOOD = dict(zip(NAMES, CELLS, strict=True))
HEADER = ";".join(NAMES)
SHA256 = hashlib.sha256(b"shop").hexdigest()


@dataclass
class Shop:
    """Labels every purchase the same, and keeps what it was given."""

    sha256: str = SHA256
    classes: tuple[str, ...] = CARD.schema.CLASSES
    frames: list = field(default_factory=list)

    def encode(self, frame, memory=None):
        self.frames.append(frame)
        return Encoded({"row": np.arange(len(frame))}, np.zeros(len(frame), np.bool_))

    def predict(self, encoded):
        rows = len(encoded.inputs["row"])
        return Labels(self.classes, np.zeros((rows, 3), np.int64), np.full((rows, 3), 0.3, np.float32))


@dataclass(frozen=True)
class Night:
    """What came of a night, by the names of the files.

    Attributes:
        labelled: Ordinals of the labelled records.
        faults: Ordinal, code and detail of each fault.
        frames: What the model was given.
        receipt: The receipt of the night's one shard.
    """

    labelled: dict
    faults: dict
    frames: list
    receipt: object

    def codes(self, name):
        return [(row, code) for row, code, _ in self.faults[name]]


def line(**changed):
    """One sound purchase, but for some fields."""
    return ";".join({**GOOD, **changed}.values())


def file(*lines, header=HEADER):
    """The bytes of a file in the declared encoding."""
    return "".join(f"{text}\r\n" for text in (header, *lines)).encode("mac_roman")


def put(lake, files):
    """Deliver files, given as bytes by their names."""
    for name, data in files.items():
        lake.put(f"card_spending/inbox/date={DATE}/{name}", data)


def labelled_by(lake, shop):
    """Plan, label and publish; gives the plan and its receipts."""
    made = plan(CARD, lake, DATE, "night", champion(sha256=SHA256), commit="abc")
    receipts = [label_shard(CARD, lake, DATE, "night", shard.name, shop) for shard in made.shards]
    publish(CARD, lake, DATE, "night")
    return made, receipts


def night_of(lake, files):
    """Label some files, and account for every record; gives the night."""
    put(lake, files)
    shop = Shop()
    made, receipts = labelled_by(lake, shop)
    assert_accounted(lake, CARD, DATE, made)
    labelled, faults = defaultdict(list), defaultdict(list)
    rows = read_labels(lake, "card_spending", DATE).sort_values("row").to_dict("records")
    for row in rows:
        name, ordinal = row["source"].rpartition("/")[2], None if row["row"] != row["row"] else row["row"]
        if row["outcome"] == "labelled":
            labelled[name].append(ordinal)
        else:
            faults[name].append((ordinal, row["error_code"], row["error_detail"]))
    return Night(labelled, faults, shop.frames, receipts[0])
