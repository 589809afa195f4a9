"""Imported by the fork server alone: all that a worker needs, kept out of collections, which copy it."""

import atexit
import gc

import tests.soak.worker  # noqa: F401 - the import is what it is for

gc.collect()
gc.freeze()
atexit.register(gc.unfreeze)  # else libraries complain of what they leave
