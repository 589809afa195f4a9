"""What every paper is: one JSON object with a seal, written once and never changed."""

import hashlib
import json
from typing import Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from nightlabel.errors import UnavailableError
from nightlabel.store import Store
from nightlabel.store.store import MissingError

_READS = 5  # attempts to read an object whose bytes do not carry their seal


class Paper(BaseModel):
    """One JSON object that is written once and never changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def sealed(self) -> bytes:
        """Give the bytes to store, with a digest of all that they say."""
        content = self.model_dump(mode="json")
        return json.dumps({**content, "seal": _seal(content)}, indent=1).encode()

    @classmethod
    def opened(cls, data: bytes) -> Self:
        """Read stored bytes.

        Raises:
            ValueError: The bytes are not those that were sealed.
        """
        content = json.loads(data)
        if not isinstance(content, dict) or content.pop("seal", None) != _seal(content):
            raise ValueError("the seal does not fit")
        return cls.model_validate(content)


P = TypeVar("P", bound=Paper)


def find(lake: Store, key: str, kind: type[P]) -> P | None:
    """Read one paper, or give nothing where there is none.

    Raises:
        UnavailableError: ``NL-B007``, its bytes are not those that were written.
    """
    for _ in range(_READS):
        try:
            return kind.opened(lake.get(key))
        except MissingError:
            return None
        except (ValueError, ValidationError) as error:
            fault: Any = error
    raise damaged(key, str(fault))


def damaged(key: str, why: str) -> UnavailableError:
    """Make the error for an object whose bytes are not those that were written."""
    return UnavailableError(
        f"{key!r} is damaged: {why[:120]}",
        code="NL-B007",
        kept="everything; damaged bytes are never taken for bad data",
        advice="run the step again; if it stays, look at the store",
        key=key,
    )


def _seal(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
