"""From headers to volumes: which files belong together, in what order, or why they do not."""
