"""Layouts of folders and names that research data come in: whose scan is it, and what is none."""
