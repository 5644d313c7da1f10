"""Table -> typed columns joined to scans or subjects."""
