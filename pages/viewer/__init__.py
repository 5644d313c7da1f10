"""Slices of a scan with its map."""
