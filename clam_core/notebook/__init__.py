"""What `import clam_core as clam` offers: the steps of the pipeline for people in a notebook."""
