"""The doctor's checks of the registry: does it answer, and is the champion whole and fit for this place?"""

from collections.abc import Callable

from nightlabel import catalog
from nightlabel.contract import Card
from nightlabel.errors import without_passwords
from nightlabel.registry import client
from nightlabel.registry.models import CHAMPION, Registry
from nightlabel.settings import settings
from nightlabel.steps.finding import Found

_NOBODY = "no champion yet"


def answers() -> Found:
    """Ask the registry for the champion of each use case."""
    return _each(lambda registry, card: f"version {registry.resolve(card.name).version}")


def champions_are_whole() -> Found:
    """Fetch each champion, hold its files against the registered SHA-256, and open its network here."""
    return _each(_whole)


def _each(look: Callable[[Registry, Card], str]) -> Found:
    tracking, cards = settings().tracking, catalog.usecases()
    place = without_passwords(tracking)
    if not client.has_database(tracking):
        return Found(f"{place}: no database yet, the first experiment makes it")
    registry = Registry(tracking)
    said = {c.name: look(registry, c) if CHAMPION in registry.aliases(c.name) else _NOBODY for c in cards}
    return Found(f"{place}: " + "; ".join(f"{name}: {found}" for name, found in said.items()))


def _whole(registry: Registry, card: Card) -> str:
    from nightlabel.registry.loaded import loaded  # noqa: PLC0415 - ONNX Runtime waits for a champion

    pinned = registry.resolve(card.name)
    with loaded(registry, pinned, catalog.load(card.name)):
        return f"version {pinned.version} has the registered SHA-256 {pinned.sha256[:12]}…, and runs here"
