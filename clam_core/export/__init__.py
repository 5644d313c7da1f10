"""Files that other programs open: what may be executed in them is made harmless."""
