"""Steps from files to volumes."""
