"""The preparation of training data, spread over Spark: the same functions as in one process, in partitions.

Spark carries the work and nothing else: executors read with nightlabel's own store, answer with Arrow bytes,
and never see a column. So the results are those of pandas, whatever types a use case has.
"""

from nightlabel.spread.inputs import encode, joined
from nightlabel.spread.records import validate
from nightlabel.spread.session import session

__all__ = ["encode", "joined", "session", "validate"]
