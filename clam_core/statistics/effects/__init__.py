"""Effect sizes with intervals, and what a cohort could detect."""
