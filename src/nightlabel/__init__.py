"""Experiments with gates, and nightly batch labelling with accounting."""
