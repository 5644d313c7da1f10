"""Folder, archive or table -> scans, subjects, ids."""
