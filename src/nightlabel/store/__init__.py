"""Bytes in and out by key: a local folder, S3, or memory, with the same promises."""

from nightlabel.store.allowed import require_allowed
from nightlabel.store.store import Entry, Store, open_lake, open_uri

__all__ = ["Entry", "Store", "open_lake", "open_uri", "require_allowed"]
