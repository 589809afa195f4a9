"""One check for all jobs: what ran succeeded, and what was left out was left out on purpose."""

import json

from delivery.runner import DeliveryError, main, variable


def faults(needs: dict[str, dict[str, object]]) -> list[str]:
    """Name the jobs that do not let a pull request through.

    Args:
        needs: The jobs by name, as ``toJSON(needs)`` gives them.
    """
    heavy = dict(needs.get("changes", {}).get("outputs") or {}).get("heavy") if needs else None  # type: ignore[call-overload]
    allowed = {"code": heavy == "false"}
    return [
        f"{name}: {job.get('result')}"
        for name, job in needs.items()
        if job.get("result") != "success" and not (job.get("result") == "skipped" and allowed.get(name))
    ]


def work() -> None:
    """Refuse where a job failed."""
    needs = json.loads(variable("NEEDS"))
    if not needs:
        raise DeliveryError("no job was looked at")
    if found := faults(needs):
        raise DeliveryError(f"not all jobs succeeded: {', '.join(found)}")


if __name__ == "__main__":
    main(work)
