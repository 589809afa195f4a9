"""What a store says is understood, however long it speaks."""

import time

import pytest

from nightlabel.store import words

ERROR = (
    "Server returned non-2xx status code: 403 Forbidden: <?xml version='1.0'?><Error><Code>{}</Code></Error>"
)


@pytest.mark.parametrize("code", ["AccessDenied", "KMS.DisabledException", "NoSuchBucket"])
def test_a_refusal_for_good_is_named_by_its_code(code):
    assert words.refusal(ERROR.format(code)) == code
    assert words.refusal(f"{ERROR.format(code)} {'and more ' * 10_000}") == code


@pytest.mark.parametrize("text", ["status code 1 ", "status code: 1 " + "a " * 5, "<?xml ", "(code: a", " "])
def test_a_long_message_costs_no_time(text):
    begun = time.process_time()

    assert words.refusal(f"status code: 1 {text * 50_000}") == ""
    assert time.process_time() - begun < 2  # it was more than the square of this
