"""A stranger's file: what it is, what it may be called, what lies in an archive."""
