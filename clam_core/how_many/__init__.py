"""How many clusters, and whether there are any."""

from clam_core.how_many.compare_numbers import select_clusters
from clam_core.how_many.decision import decide
from clam_core.how_many.selection import NumberRow, Selection

__all__ = ["NumberRow", "Selection", "decide", "select_clusters"]
