"""Page Clusters."""
