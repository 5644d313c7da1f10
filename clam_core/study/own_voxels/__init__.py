"""Scans at their own resolution, kept in the study for when their files have gone."""
