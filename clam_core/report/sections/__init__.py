"""The sections of a report: each reads its part of the material and writes HTML."""
