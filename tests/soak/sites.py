"""Lakes for rounds: on the S3 with two doors, and in a folder."""

import contextlib
import itertools
import tempfile
from collections import Counter
from pathlib import Path

from tests.soak import rounds, worker
from tests.soak.rounds import Site
from tests.soak.server import serving
from tests.soak.worker import Place, start

ACCESS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}


class Sites:
    """Makes a lake for each round: of even seeds on S3, of odd ones in a folder."""

    def __init__(self, doors, folder, reader):
        self._doors, self._folder, self._reader, self._numbers = doors, folder, reader, itertools.count()
        self._usual = {}

    def play(self, seed, mutant=""):
        """Play the round of a seed on a lake of its own."""
        make = self.folder if seed % 2 else self.s3
        if make not in self._usual:
            self._usual[make] = rounds.usual(make())
        return rounds.play(seed, make(), self._usual[make], mutant)

    def s3(self):
        uri = f"s3://soak-{next(self._numbers)}/root"
        sound, faulty = (Place(uri, _leads(door)) for door in (self._doors.sound, self._doors.faulty))
        return Site(sound, faulty, self._doors.break_down, self._reader)

    def folder(self):
        place = Place((self._folder / f"soak-{next(self._numbers)}").as_uri(), {})
        return Site(place, place, _never, self._reader)


@contextlib.contextmanager
def sites():
    """Have places for rounds while the block runs."""
    process, reader = start(worker.read, None)
    with serving() as doors, tempfile.TemporaryDirectory() as folder:
        yield Sites(doors, Path(folder), reader)
        reader.send(None)
        process.join()


def _never(seed, share):
    return Counter()


def _leads(door):
    return ACCESS | dict.fromkeys(("AWS_ENDPOINT_URL", "NIGHTLABEL_S3_ENDPOINT"), door)
