"""Make production what was tried: the version and the image of the smoke night, and no other."""

import json

from delivery.nightlabel_cli import answered
from delivery.runner import main, summary, variable


def work() -> None:
    """Release each use case that is due."""
    for one in json.loads(variable("DUE")):
        words = ["release", "--usecase", one["usecase"], "--by", variable("BY"), "--image", variable("IMAGE")]
        told = answered([*words, "--model-version", one["version"]])
        summary(f"{one['usecase']}: {told['outcome']}, champion {told['champion']} in `{told['image']}`.")


if __name__ == "__main__":
    main(work)
