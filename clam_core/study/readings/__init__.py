"""Reading studies on disk: protocol, a log per reader, locks, the maps that are rated."""
