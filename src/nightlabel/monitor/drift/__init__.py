"""Drift by Evidently, the only room that imports it: verdict, report, and the dashboard over the nights."""

from nightlabel.monitor.drift.compare import Compared, drift
from nightlabel.monitor.drift.dashboard import save, workspace_path

__all__ = ["Compared", "drift", "save", "workspace_path"]
