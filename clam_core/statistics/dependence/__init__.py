"""Subjects with several rows: tests in which each subject counts once."""
