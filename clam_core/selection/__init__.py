"""How many clusters, and whether there are any."""

from clam_core.selection.decision import decide
from clam_core.selection.result import NumberRow, Selection
from clam_core.selection.select import select_clusters

__all__ = ["NumberRow", "Selection", "decide", "select_clusters"]
