"""Disease seen by two scanners, without and with harmonisation."""
