"""A night in a process of its own, made to be killed."""

import multiprocessing

from nightlabel.store import open_uri
from tests.label.nights import DATE, TINY, Parity, label_all, planned, publish

SERVER = multiprocessing.get_context("forkserver")


def whole_night(uri, run):
    """Plan, label and publish, as a pod and its tasks do."""
    lake = open_uri(uri)
    label_all(lake, planned(lake, run), Parity())
    publish(TINY, lake, DATE, run)


def start(uri, run):
    """Start a night in a new process, forked from a server that has the imports done."""
    SERVER.set_forkserver_preload(["tests.label.killed"])
    process = SERVER.Process(target=whole_night, args=(uri, run), daemon=True)
    process.start()
    return process
