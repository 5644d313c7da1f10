"""Tables of numbers that scans are grouped by."""
