"""Plan and apply one environment of Terraform; what is applied is what was planned, or nothing."""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from delivery.infra_report import changes, text
from delivery.runner import ROOT, DeliveryError, call, main, output, summary, variable

PLAN = "nightlabel.tfplan"


def plan() -> None:
    """Leave the paper of a plan and its digest."""
    name = variable("INFRA")
    told = planned(_folder(name))
    named, rows = digest(told), changes(told)
    paper = {"commit": variable("COMMIT"), "digest": named, "changes": rows}
    target = ROOT / "infra" / f"{name}.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(paper), encoding="utf-8")
    summary(text(target.read_bytes(), name)[1])
    output(digest=named, changes=str(bool(rows)).lower())


def apply() -> None:
    """Plan once more, and apply it if it is what was approved.

    Raises:
        DeliveryError: Something changed since; nothing is applied.
    """
    name, approved = variable("INFRA"), variable("DIGEST")
    place = _folder(name)
    found = digest(planned(place))
    if found != approved:
        raise DeliveryError(
            f"the plan of {name} is {found[:12]} now and {approved[:12]} was approved: nothing was applied;"
            " look at the new plan and start the workflow again"
        )
    call(["terraform", f"-chdir={place}", "apply", "-input=false", "-no-color", PLAN])
    summary(f"Plan {found[:12]} of {name} was applied.")


def planned(place: Path) -> dict[str, Any]:
    """Plan, and give what Terraform tells of the plan."""
    terraform = ["terraform", f"-chdir={place}"]
    quiet = ["-input=false", "-no-color"]
    backend = _option("-backend-config", place, "backend.hcl", variable("TERRAFORM_BACKEND", ""))
    given = _option("-var-file", place, "given.tfvars", variable("TERRAFORM_VARIABLES", ""))
    locked = ["-lockfile=readonly"] if (place / ".terraform.lock.hcl").exists() else []
    call([*terraform, "init", *quiet, *locked, *backend])
    sys.stderr.write(call([*terraform, "plan", *quiet, "-lock-timeout=5m", f"-out={PLAN}", *given]))
    told: dict[str, Any] = json.loads(call([*terraform, "show", "-json", PLAN]))
    return told


def digest(told: dict[str, Any]) -> str:
    """Name a plan by what it changes: addresses, actions, and the values that are known before and after."""
    kept = [
        {key: change["change"].get(key) for key in ("actions", "before", "after", "after_unknown")}
        | {"address": change["address"]}
        for change in told.get("resource_changes", ())
        if change["change"]["actions"] not in (["no-op"], ["read"])
    ]
    outputs = {name: change.get("actions") for name, change in told.get("output_changes", {}).items()}
    return hashlib.sha256(json.dumps([kept, outputs], sort_keys=True).encode()).hexdigest()


def _folder(name: str) -> Path:
    if name not in ("dev", "prod"):
        raise DeliveryError("INFRA must be dev or prod")
    return ROOT / "terraform" / "envs" / name


def _option(option: str, place: Path, name: str, content: str) -> list[str]:
    """Write a file that an option names, where there is anything to write."""
    if not content:
        return []
    (place / name).write_text(content, encoding="utf-8")
    return [f"{option}={name}"]


if __name__ == "__main__":
    main(apply if sys.argv[1:] == ["apply"] else plan)
