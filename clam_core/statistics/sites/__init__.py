"""Site and scanner: confounding, and comparisons within sites."""
