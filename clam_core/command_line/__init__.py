"""The command line: a sub-command of every step, and how it looks on a terminal."""
