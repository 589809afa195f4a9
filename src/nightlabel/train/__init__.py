"""Prepared rows become candidates: the loop, the export, the tracking."""
