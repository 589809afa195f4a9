"""Which use cases would be released: what was merged, held against the registry. Nothing is moved."""

import json

from delivery.nightlabel_cli import answered, ask
from delivery.runner import DeliveryError, main, output, summary, variable

NO_MODEL = "NL-C002"
NOT_MERGED = "NL-F005"
RELEASED = "it was champion already"


def due(image: str, by: str) -> list[dict[str, str]]:
    """Give the use cases with the version that would become champion, or get the new image.

    A use case without a champion whose challenger is not merged yet is not due.

    Raises:
        DeliveryError: What was merged is neither the champion nor its challenger, or was rolled back.
    """
    found = []
    for usecase in answered(["usecases"]):
        words = ["release", "--usecase", usecase, "--by", by, "--image", image, "--dry-run"]
        answer = ask(words)
        never_released = answer.refusal == NOT_MERGED and not answer.told["error"]["facts"].get(
            "champion", "?"
        )
        if answer.refusal == NO_MODEL or never_released:
            continue
        if answer.code:
            raise DeliveryError(f"{usecase} cannot be released: {answer.sentence}")
        if answer.told["outcome"] != RELEASED:
            found.append({"usecase": usecase, "version": answer.told["champion"]})
    return found


def work() -> None:
    """Leave what is due, as JSON."""
    found = due(variable("IMAGE"), variable("BY"))
    output(due=json.dumps(found))
    named = ", ".join(f"{one['usecase']} {one['version']}" for one in found)
    summary(f"Due: {named}." if found else "Nothing is due.")


if __name__ == "__main__":
    main(work)
