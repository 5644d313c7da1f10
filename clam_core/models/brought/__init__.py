"""Encoders that were brought along: loaded without pickle, and called in a child process only."""
