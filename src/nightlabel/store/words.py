"""What the words of a store's libraries mean: refused for good, or perhaps not the next time."""

import re

_DRAWN = re.compile(r"\x1b\[[0-9;]*m|↳")
"""Colours and arrows, with which deltalake draws a tree of causes."""

_CODE = re.compile(
    r"status code:? \d{1,3} [\w -]{1,40}:? ?(?:<\?xml[^>]{0,100}> ?)?<Error> ?<Code>([\w.]+)"
    r"|\(code: (\w+)\)|\((\w+)\) when calling"
)
_DENIED = re.compile(
    r"lacked (?:the necessary privileges|valid authentication credentials)|status code:? 40[13]\b"
)
_ELSEWHERE = "redirect without LOCATION"
DENIED = "AccessDenied"
"""The refusal that is a matter of rights."""

_FOR_GOOD = {
    DENIED,
    "AllAccessDisabled",
    "AuthorizationHeaderMalformed",
    "InvalidAccessKeyId",
    "InvalidBucketName",
    "NoSuchBucket",
    "PermanentRedirect",
    "SignatureDoesNotMatch",
}
_LONGEST = 16_384  # characters of a message that are looked at; a page of some gateway may be any number
_KEYS = "KMS."
"""What begins the codes of a key that does not encrypt or decrypt."""


def one_line(text: str, longest: int = 200) -> str:
    """Give a library's message as one line of plain text, cut."""
    plain = " ".join(_DRAWN.sub("", text).split())
    return plain if len(plain) <= longest else f"{plain[: longest - 1]}…"


def refusal(text: str) -> str:
    """Say why a store refuses until a person changes something; empty where a repetition may help.

    Args:
        text: The message of the library that asked.
    """
    text = one_line(text.partition("Debug source:")[0][:_LONGEST], _LONGEST)
    found = next((code for match in _CODE.finditer(text) for code in match.groups() if code), "")
    if found in _FOR_GOOD or found.startswith(_KEYS):
        return found
    if _DENIED.search(text):
        return found or DENIED
    return "PermanentRedirect" if _ELSEWHERE in text else ""
