"""How often `select` sees groups where there are some, and where there are none."""
