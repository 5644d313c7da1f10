"""Slopes of repeated measurements, and survival."""
