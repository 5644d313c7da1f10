"""The route by which browsers fetch scans at their own resolution, and the ticket that opens it."""
