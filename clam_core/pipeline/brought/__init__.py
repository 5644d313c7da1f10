"""Runs of numbers and encoders that were brought along, and what they cannot do."""
