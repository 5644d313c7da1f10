"""Keys of pseudonyms: files outside the studies."""
