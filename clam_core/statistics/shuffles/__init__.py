"""Small p-values computed again, by shuffles that know how small a cluster is."""
