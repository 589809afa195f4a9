"""``scripts/lock`` as a module, for the tests of the locks."""

from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

LOCK = Path(__file__).parents[1] / "scripts" / "lock"


def script():
    """Load it anew."""
    loader = SourceFileLoader("lock", str(LOCK))
    module = module_from_spec(spec_from_loader("lock", loader))
    loader.exec_module(module)
    return module
