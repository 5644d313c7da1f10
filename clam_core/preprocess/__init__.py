"""From a scan as read to a volume on the study's grid: check, orient, mask, crop, resize.

Nothing is imported here: whoever draws a slice needs `resize`, but not SimpleITK behind `prepare`.
"""
