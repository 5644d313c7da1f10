"""Scans at their own resolution: read again from their files, kept in a bounded folder.

`own_scans.OwnScans` is what the app asks; `read_own` runs in reader processes, which is why
nothing is imported here.
"""
