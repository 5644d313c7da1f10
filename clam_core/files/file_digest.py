"""Digest of the content of a file."""

from __future__ import annotations

import hashlib
from pathlib import Path


def digest_of_file(path: Path) -> str:
    """SHA-256 of a file, read in parts.

    Args:
        path: Any file.
    """
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
