"""Text with so many lines that it is not worked through at once: each line may be a fault of its own.

A faulty line costs some hundred bytes, whatever its own length; so lines bound the memory, and not bytes.
"""

from collections.abc import Iterator, Sequence

from nightlabel.label.requests import Answer, Request

LINES = 131_072
"""Lines of declared text that are read and labelled together, at most."""

_LINE = 2  # bytes of the shortest line that is a record


def is_dense(answers: Sequence[Answer]) -> bool:
    """Tell whether answers have more lines than are worked through at once."""
    return sum(map(lines, answers)) > LINES


def lines(answer: Answer) -> int:
    """Count the lines of an answer, but for a last one without an end."""
    return answer.count(b"\n") if isinstance(answer, bytes) else 0


def shares(answers: Sequence[Answer]) -> Iterator[slice]:
    """Share answers out in their order, each share with few lines or of one answer alone."""
    first, held = 0, 0
    for at, found in enumerate(map(lines, answers)):
        if at > first and held + found > LINES:
            yield slice(first, at)
            first, held = at, 0
        held += found
    yield slice(first, len(answers))


def pieces(request: Request, answer: Answer) -> Iterator[tuple[Request, Answer]]:
    """Cut the answer of one request into pieces with few lines each, if it has many."""
    if not isinstance(answer, bytes) or not is_dense([answer]):
        yield request, answer
        return
    for at in range(0, len(answer), _LINE * LINES):
        piece = answer[at : at + _LINE * LINES]
        start = request.start + at
        yield Request(request.file, start, start + len(piece)), piece
