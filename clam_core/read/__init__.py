"""Readers: untrusted files of many formats -> volumes and tables, safely."""
