"""Rows of a cohort: who is compared, with which values; Table 1."""
