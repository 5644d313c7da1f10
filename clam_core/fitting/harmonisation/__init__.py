"""Harmonisation: what differs with scanner, kernel or site is taken out of what is grouped."""
