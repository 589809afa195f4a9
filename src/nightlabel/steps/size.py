"""Sizes nights on paper: for the files that are asked for, or for 1, 10 and 100 million."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from nightlabel import catalog
from nightlabel.errors import RefusedError
from nightlabel.steps.simulate import Chances, simulate
from nightlabel.steps.sizing import Night, Prices, Rates, size

Result = dict[str, Any]
Numbers = Mapping[str, float | None]
FILES = (1_000_000, 10_000_000, 100_000_000)

M = TypeVar("M", bound=BaseModel)


def sizes(
    files: Sequence[int] = (),
    usecase: str = "",
    *,
    night: Numbers,
    prices: Numbers,
    rates: Path | None = None,
) -> Result:
    """Size nights.

    Args:
        files: Numbers of files; ``FILES`` where none is given.
        usecase: Takes deadline, pods and their size from the card of this use case.
        night: Fields of ``Night`` that are given; one that is nothing has its default.
        prices: The same of ``Prices``.
        rates: JSON file with fields of ``Rates``, as ``benchmarks.nights`` writes it.

    Returns:
        ``rows``, for each number of files its size, or ``refused`` with the sentence and the advice; and the
        ``rates`` and ``prices`` that they were made from.

    Raises:
        RefusedError: ``NL-H002`` a number is not allowed; ``NL-U001`` there is no such use case.
    """
    measured, paid = _made(Rates, _read(rates)), _made(Prices, _given(prices))
    asked = {**_card(usecase), **_given(night)}
    rows = [_row(_made(Night, {**asked, "files": number}), measured, paid) for number in files or FILES]
    return {"rows": rows, "rates": measured.model_dump(), "prices": paid.model_dump()}


def chances(
    files: Sequence[int] = (),
    usecase: str = "",
    *,
    night: Numbers,
    luck: Numbers,
    rates: Path | None = None,
) -> Result:
    """Simulate nights.

    Args:
        files: Numbers of files; ``FILES`` where none is given.
        usecase: Takes deadline, pods and their size from the card of this use case.
        night: Fields of ``Night`` that are given; its largest number of pods is the last that is simulated.
        luck: The same of ``Chances``.
        rates: JSON file with fields of ``Rates``.

    Returns:
        ``rows``: for each number of files its night, and the chance for some numbers of pods; and the
        ``luck`` and ``rates`` that they were made from.

    Raises:
        RefusedError: ``NL-H002`` a number is not allowed; ``NL-U001`` there is no such use case.
    """
    measured, given = _made(Rates, _read(rates)), _made(Chances, _given(luck))
    asked = {**_card(usecase), **_given(night)}
    nights = [_made(Night, {**asked, "files": number}) for number in files or FILES]
    rows = [{"night": n.model_dump(), "pods": simulate(n, measured, given)} for n in nights]
    return {"rows": rows, "luck": given.model_dump(), "rates": measured.model_dump()}


def _row(night: Night, rates: Rates, prices: Prices) -> Result:
    try:
        return size(night, rates, prices).model_dump(mode="json")
    except RefusedError as error:
        return {"night": night.model_dump(), "refused": error.sentence, "advice": error.advice}


def _card(usecase: str) -> dict[str, float]:
    if not usecase:
        return {}
    card = catalog.load(usecase).card
    size_of_pod = {"cpu": card.pod.cpu, "memory_mb": card.pod.memory_mb}
    return {"deadline_minutes": card.deadline_minutes, "max_pods": card.max_pods, **size_of_pod}


def _given(numbers: Numbers) -> dict[str, float]:
    return {name: number for name, number in numbers.items() if number is not None}


def _read(rates: Path | None) -> Any:
    if rates is None:
        return {}
    try:
        return json.loads(rates.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _not_allowed(f"{rates}: {error}") from None


def _made(kind: type[M], numbers: Any) -> M:
    try:
        return kind.model_validate(numbers)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise _not_allowed(f"{'.'.join(map(str, first['loc'])) or 'the rates'}: {first['msg']}") from None


def _not_allowed(why: str) -> RefusedError:
    return RefusedError(why[:300], code="NL-H002", kept="everything", advice="nightlabel size --help")
