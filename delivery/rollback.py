"""Make the release before this one, model and image, production again."""

import re

from delivery.nightlabel_cli import answered
from delivery.runner import DeliveryError, main, summary, variable


def work() -> None:
    """Roll back one use case."""
    usecase = variable("USECASE")
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,40}", usecase):
        raise DeliveryError("that cannot be the name of a use case")
    reason = " ".join(variable("REASON").split())[:500]
    told = answered(["rollback", f"--usecase={usecase}", f"--by={variable('BY')}", f"--reason={reason}"])
    summary(
        f"{usecase}: champion {told['champion']} in `{told['image'] or 'the image of the settings'}` again."
    )


if __name__ == "__main__":
    main(work)
