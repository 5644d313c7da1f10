"""Steps from volumes to clusters and maps."""
