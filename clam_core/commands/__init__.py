"""The sub-commands of the command line, one module per part of the way."""
