"""Page New scan."""
