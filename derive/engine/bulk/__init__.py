"""Checking many networks of one architecture at once, with the same three sources as one by one.

`check(batch)` runs the exact integers, the NumPy chain of full Jacobians and torch over all networks and
holds them against each other entry by entry. It is meant for sorting drawn numbers: what a key is
written from goes through `derive.engine.verify` as well.
"""

from derive.engine.bulk.exact import Exact
from derive.engine.bulk.integers import Scaled
from derive.engine.bulk.model import Batch, Denominators
from derive.engine.bulk.verdict import BulkVerdict, check

__all__ = ["Batch", "BulkVerdict", "Denominators", "Exact", "Scaled", "check"]
