"""From a scan as read to a volume on the study's grid: check, orient, mask, crop, resize."""

from clam_core.preprocess.prepare import PreparedScan, prepare

__all__ = ["PreparedScan", "prepare"]
