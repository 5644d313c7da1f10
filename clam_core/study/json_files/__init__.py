"""What the JSON files of a study and its runs hold, and how older layouts are read."""
