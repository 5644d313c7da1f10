"""CLAM Explorer: groups of look-alike scans, where they are recognised, whether they matter.

`import clam_core as clam` offers to a notebook the names that `__init__.pyi` declares. Each is
loaded when it is first used (`notebook/names.py`), so that importing the package costs nothing.
"""

import sys

__version__ = "0.1.0"


class _Face(type(sys)):
    def __getattr__(self, name):
        from clam_core.notebook.names import load

        return load(name)

    def __dir__(self):
        from clam_core.notebook.names import HOMES

        return [*super().__dir__(), *HOMES]

    def __setattr__(self, name, value):
        # Python would set these two to the sub-packages when something below them is imported;
        # `from clam_core.report.html import tag` does not need that.
        if name not in {"preprocess", "report"} or not isinstance(value, type(sys)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Face
