"""CLAM Explorer: groups of look-alike scans, where they are recognised, whether they matter."""

__version__ = "0.1.0"
