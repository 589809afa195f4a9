"""Every error carries a stable code that the documents explain, and fits an alarm."""

import ast
import re
from pathlib import Path

import pytest
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


WORDS = {"code", "kept", "advice"}


def error_classes(trees: list[ast.Module]) -> set[str]:
    """The names of all classes below ``NightlabelError``, also those that a room adds."""
    classes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    found = {"NightlabelError"}
    while (
        more := {c.name for c in classes if {b.id for b in c.bases if isinstance(b, ast.Name)} & found}
        - found
    ):
        found |= more
    return found


def names_in(node: ast.AST) -> set[str]:
    names = {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}
    return names | {inner.attr for inner in ast.walk(node) if isinstance(inner, ast.Attribute)}


def speechless(tree: ast.Module, errors: set[str]) -> list[int]:
    """The lines where an error is made without words of its own, or its class gets another name.

    Whoever raises, by hand or by a helper, must make the error somewhere, so each place where one is made is
    held against the rule; words that come in by ``**`` are none.
    """
    lines = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name) and node.value.id in errors:
            lines.append(node.lineno)
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Name) and node.exc.id in errors:
            lines.append(node.lineno)
        if isinstance(node, ast.Call) and names_in(node.func) & errors:
            given = {word.arg for word in node.keywords if getattr(word.value, "value", True)}
            lines += [] if given >= WORDS else [node.lineno]
    return lines


def test_every_error_says_its_code_what_was_kept_and_what_to_do_next():
    trees = {path: ast.parse(path.read_text()) for path in (ROOT / "src").rglob("*.py")}
    errors = error_classes(list(trees.values()))

    assert {"RefusedError", "QuarantineError", "UnavailableError", "MissingError"} < errors
    assert not [f"{path}:{line}" for path, tree in trees.items() for line in speechless(tree, errors)]


@pytest.mark.parametrize(
    "bad",
    [
        "raise RefusedError",
        "raise RefusedError('x')",
        "raise RefusedError('x', code='NL-A001', kept='all')",
        "raise RefusedError('x', code='NL-A001', kept='all', advice='')",
        "raise RefusedError('x', code='NL-A001', **words)",
        "raise errors.UnavailableError('x', kept='all', advice='wait')",
        "raise (RefusedError if late else UnavailableError)('x', code='NL-A001')",
        "def helper():\n    return OwnError('x', code='NL-A001', advice='wait')",
        "kind = RefusedError",
    ],
)
def test_an_error_without_its_words_is_found(bad):
    tree = ast.parse(f"class OwnError(RefusedError): pass\nclass RefusedError(NightlabelError): pass\n{bad}")
    known = error_classes([tree]) | {"UnavailableError"}

    assert len(speechless(tree, known)) == 1


def test_an_error_with_all_of_its_words_is_let_through():
    good = "raise RefusedError('x', code=code, kept='all', advice=f'run {step}', **facts)"

    assert speechless(ast.parse(good), {"RefusedError"}) == []
