"""Names a data set by its content, and gives its records roles by time. DVC is imported at the first call."""

from nightlabel.version.data import DataVersion, checkout_path, fetch, name, pointed
from nightlabel.version.pack import is_packed, pack, unpack
from nightlabel.version.roles import holdout_digest, split

__all__ = [
    "DataVersion",
    "checkout_path",
    "fetch",
    "holdout_digest",
    "is_packed",
    "name",
    "pack",
    "pointed",
    "split",
    "unpack",
]
