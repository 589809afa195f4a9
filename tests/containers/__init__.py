"""Real containers for tests, where no image can be pulled: podman with a base made of Debian packages."""

from tests.containers.build import base_image, build, is_able
from tests.containers.engine import Engine, Finished, NoEngineError, engine
from tests.containers.run import run, words

__all__ = ["Engine", "Finished", "NoEngineError", "base_image", "build", "engine", "is_able", "run", "words"]
