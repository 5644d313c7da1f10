"""CLAM Explorer: groups of look-alike scans, where they are recognised, whether they matter.

`import clam_core as clam` offers the names of `__all__` to a notebook. Each is loaded when it
is first used, so that importing the package costs nothing.
"""

__version__ = "0.1.0"

TYPE_CHECKING = False  # importing the real one takes longer than all the rest of this file
if TYPE_CHECKING:
    from clam_core import settings
    from clam_core.errors import ClamError
    from clam_core.notebook.find_clusters import (
        assign,
        associate,
        fit,
        localize,
        report,
        select,
    )
    from clam_core.notebook.fit_volumes import fit_volumes
    from clam_core.notebook.fitted_run import Run
    from clam_core.notebook.opened_study import Study
    from clam_core.notebook.prepare_study import (
        create,
        import_clinical,
        open_study,
        preprocess,
    )

__all__ = [
    "ClamError",
    "Run",
    "Study",
    "assign",
    "associate",
    "create",
    "fit",
    "fit_volumes",
    "import_clinical",
    "localize",
    "open_study",
    "preprocess",
    "report",
    "select",
    "settings",
]

_HOMES = {
    "ClamError": "errors",
    "Run": "notebook.fitted_run",
    "Study": "notebook.opened_study",
    "create": "notebook.prepare_study",
    "fit_volumes": "notebook.fit_volumes",
    "import_clinical": "notebook.prepare_study",
    "open_study": "notebook.prepare_study",
    "preprocess": "notebook.prepare_study",
}
"""Modules of the names; all others are steps that follow from a study."""

if not TYPE_CHECKING:
    import sys

    class _Face(type(sys)):
        """The package as a module whose steps are not replaced by sub-packages of their name.

        Python sets `clam_core.report` to the sub-package when something below it is first
        imported; `from clam_core.report.html import tag` does not need that.
        """

        def __setattr__(self, name: str, value: object) -> None:
            is_step = name in __all__ and name != "settings"
            if not (is_step and isinstance(value, type(sys))):
                super().__setattr__(name, value)

    sys.modules[__name__].__class__ = _Face

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        if name == "settings":
            return import_module(f"{__name__}.settings")
        home = import_module(f"{__name__}.{_HOMES.get(name, 'notebook.find_clusters')}")
        globals()[name] = getattr(home, name)
        return globals()[name]

    def __dir__() -> list[str]:
        return [*globals(), *__all__]
