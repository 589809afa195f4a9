"""The faulty door fails as it says, and what fails once is done all the same."""

import pytest

from nightlabel.errors import UnavailableError
from tests.soak.rounds import entered
from tests.soak.server import FAULTS
from tests.soak.sites import sites

OBJECTS = 8


@pytest.fixture(scope="module")
def site():
    with sites() as places:
        yield places.s3()


@pytest.mark.parametrize("kind", sorted(FAULTS.keys() - {"bits flipped"}))
def test_what_is_created_through_faults_is_there_and_is_known_to_be_ours(site, kind):
    before = site.break_down(3, 0.4, kind)
    with entered(site.faulty) as lake:
        ours = [lake.create(f"{kind}/{n}", b"%d" % n) for n in range(OBJECTS)]
    injected = site.break_down(3, 0.0) - before

    assert all(ours)
    assert (list(injected), injected[kind] > 0) == ([kind], True)
    with entered(site.sound) as lake:
        assert [lake.get(f"{kind}/{n}") for n in range(OBJECTS)] == [b"%d" % n for n in range(OBJECTS)]


def test_writes_that_meet_again_and_again_are_to_be_tried_later(site):
    site.break_down(3, 1.0, "conflict")

    with entered(site.faulty) as lake, pytest.raises(UnavailableError, match="NL-B001"):
        lake.create("never", b"")

    site.break_down(3, 0.0)
    with entered(site.sound) as lake:
        assert lake.head("never") is None


def test_flipped_bits_come_through_the_faulty_door_alone(site):
    with entered(site.sound) as lake:
        lake.put("tiny/nights/plan.json", b"plan")

    before = site.break_down(3, 1.0, "bits flipped")
    with entered(site.faulty) as lake:
        assert lake.get("tiny/nights/plan.json") != b"plan"
    assert site.break_down(3, 0.0)["bits flipped"] == before["bits flipped"] + 1
