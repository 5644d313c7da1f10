"""Columns that are known by their names, and what that makes of them."""
