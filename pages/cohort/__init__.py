"""Page Cohort."""
