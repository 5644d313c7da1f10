"""Page Associations."""
