"""The names that the package offers, and where they are at home."""

from __future__ import annotations

import sys
from importlib import import_module

_PACKAGE = "clam_core"

HOMES = {
    "ClamError": "errors",
    "Run": "notebook.fitted_run",
    "Study": "notebook.opened_study",
    "assign": "notebook.find_clusters",
    "associate": "notebook.find_clusters",
    "create": "notebook.prepare_study",
    "fit": "notebook.find_clusters",
    "fit_volumes": "notebook.fit_volumes",
    "import_clinical": "notebook.prepare_study",
    "localize": "notebook.find_clusters",
    "open_study": "notebook.prepare_study",
    "preprocess": "notebook.prepare_study",
    "report": "notebook.find_clusters",
    "select": "notebook.find_clusters",
    "settings": "",
}
"""Module of each name; `settings` is itself one."""


def load(name: str) -> object:
    """What a name stands for; the package keeps it.

    Raises:
        AttributeError: If there is no such name.
    """
    if name == "__all__":
        return sorted(HOMES)
    if name not in HOMES:
        raise AttributeError(f"module {_PACKAGE!r} has no attribute {name!r}")
    home = import_module(f"{_PACKAGE}.{HOMES[name] or name}")
    value = getattr(home, name) if HOMES[name] else home
    setattr(sys.modules[_PACKAGE], name, value)
    return value
