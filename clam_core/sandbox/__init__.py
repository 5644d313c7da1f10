"""Where files of strangers are parsed: child processes with limits."""
