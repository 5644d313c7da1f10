"""Clusters and associations of one cohort, repeated in another."""
