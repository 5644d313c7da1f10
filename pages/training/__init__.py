"""Page Training."""
