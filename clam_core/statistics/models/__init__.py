"""Regression models for effects that are adjusted."""
