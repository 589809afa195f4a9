"""The image of the pods, built once from the shipped Dockerfile; the first test that asks for it waits."""

import pytest

from tests.containers import build

COMMIT, VERSION = "5eed" * 10, "0.1.0+test"


def pytest_collection_modifyitems(items):
    for item in items:
        if "image" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.timeout(1800))


@pytest.fixture(scope="session")
def image() -> str:
    return build("label", COMMIT=COMMIT, VERSION=VERSION)
