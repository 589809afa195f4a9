"""A night on sample data, in the new image and with the model that is due, before anything is released.

It reads the model from the registry as a pod does, and has a lake of its own: no label of it is anybody's.
"""

import json
import os
import shutil
import tempfile
from pathlib import Path

from delivery.nightlabel_cli import answered, container
from delivery.runner import DeliveryError, main, summary, variable
from nightlabel import catalog

DATE = "2020-01-31"
SAMPLES = ("*.csv", "*.zip", "*.jpg", "*.png", "*.json", "*.parquet")
NOT_INPUT = "expected.json"


def work() -> None:
    """Run the night of each use case that is due."""
    for one in json.loads(variable("DUE")):
        told = night(one["usecase"], one["version"])
        summary(f"Smoke night of {one['usecase']} {one['version']}: {told}.")


def night(usecase: str, version: str) -> str:
    """Plan, label, publish and account for a night of samples.

    Args:
        usecase: Name of the use case.
        version: Version of its model.

    Returns:
        What was labelled, in words.

    Raises:
        DeliveryError: A step failed, nothing was labelled, or the records do not add up.
    """
    with tempfile.TemporaryDirectory(prefix="smoke-") as scratch:
        folder = Path(scratch)
        more = {"NIGHTLABEL_LAKE": (folder / "lake").as_uri(), "NIGHTLABEL_HOME": str(folder / "home")}
        files = deliver(usecase, folder / "lake")
        how = {"more": more, "prefix": _prefix(folder, {**os.environ, **more})}
        about = ["--usecase", usecase, "--date", DATE, "--run", "smoke"]
        plan = answered(["plan", *about, "--model-version", version], **how)
        for shard in plan["shards"]:
            answered(["label", *about, "--shard", shard], **how)
        answered(["publish", *about], **how)
        told = answered(["verify", DATE, "--usecase", usecase], **how)
    return judged(plan, told, version, files)


def judged(plan: dict[str, object], told: dict[str, object], version: str, files: int) -> str:
    """Say what a night did, or refuse it.

    Raises:
        DeliveryError: It is not the night that was asked for.
    """
    if plan["model_version"] != version or plan["files"] != files:
        raise DeliveryError(
            f"the night was of model {plan['model_version']} and {plan['files']} of {files} files"
        )
    if not told["ok"] or not told["labelled"]:
        raise DeliveryError(
            f"of {told['records']} records {told['labelled']} were labelled: {told['differences']}"
        )
    return f"{told['records']} records, {told['labelled']} labelled"


def deliver(usecase: str, lake: Path) -> int:
    """Put the samples of a use case into the inbox of a lake; gives their number.

    Raises:
        DeliveryError: There is none.
    """
    samples = catalog.load(usecase).folder / "sample"
    inbox = lake / usecase / "inbox" / f"date={DATE}"
    inbox.mkdir(parents=True)
    found = [path for pattern in SAMPLES for path in sorted(samples.glob(pattern)) if path.name != NOT_INPUT]
    for path in found:
        shutil.copyfile(path, inbox / path.name)
    if not found:
        raise DeliveryError(f"{usecase} has no samples")
    return len(found)


def _prefix(folder: Path, variables: dict[str, str]) -> list[str]:
    engine = variable("ENGINE", "docker")
    return [] if engine == "process" else container(engine, variable("IMAGE"), folder, variables)


if __name__ == "__main__":
    main(work)
