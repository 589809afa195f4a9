import pytest

from nightlabel.store import open_lake


@pytest.fixture
def folder_lake(folder_place):
    """An empty lake in a folder, for what does not depend on the store."""
    return open_lake(folder_place)
