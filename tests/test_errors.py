"""Every error carries a stable code that the documents explain, and fits an alarm."""

import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from nightlabel.errors import MAX_MESSAGE, NightlabelError, QuarantineError, RefusedError, UnavailableError

ROOT = Path(__file__).parents[1]


def codes_in(*folders: str) -> set[str]:
    texts = [p.read_text() for f in folders for p in (ROOT / f).rglob("*") if p.suffix in {".py", ".toml"}]
    return set(re.findall(r"NL-[A-Z]\d{3}", "\n".join(texts)))


def test_every_code_is_documented_and_every_documented_code_is_used():
    documented = set(
        re.findall(r"^\| `(NL-[A-Z]\d{3})`", (ROOT / "docs/errors.md").read_text(), re.MULTILINE)
    )

    assert documented == codes_in("src", "plugins", "demo")


@given(st.text(), st.text(), st.text())
def test_a_message_always_fits_an_alarm_and_starts_with_its_code(sentence, kept, advice):
    message = str(NightlabelError(sentence, code="NL-X000", kept=kept, advice=advice))

    assert len(message) <= MAX_MESSAGE
    assert message.startswith("NL-X000 ")


def test_exit_codes_say_whether_a_retry_can_help():
    assert RefusedError("x").exit_code == QuarantineError("x").exit_code == 64
    assert UnavailableError("x").exit_code == 75
    assert NightlabelError("x").exit_code == 1
