"""Every step of the software, declared once.

A step is a function whose parameters are its options. The command line, the jobs of the app, the
words of the status line and the table in README are made from these declarations. To add one,
write its function with `@step` into one of the modules here and name it below.
"""

from __future__ import annotations

from clam_core.errors import ClamError
from clam_core.pipeline.declared_steps.clinical_steps import (
    associate,
    lung_function,
    replicate,
    visits,
)
from clam_core.pipeline.declared_steps.cohort_steps import clinical, create, files, preprocess
from clam_core.pipeline.declared_steps.declaration import Option, Step, step
from clam_core.pipeline.declared_steps.many_steps import demo, groups, run
from clam_core.pipeline.declared_steps.markdown import steps_table
from clam_core.pipeline.declared_steps.method_steps import assign, fit, localize, select
from clam_core.pipeline.declared_steps.output_steps import check, export, report
from clam_core.pipeline.declared_steps.reading_steps import (
    reading_agreement,
    reading_export,
    reading_protocol,
    reading_status,
)
from clam_core.pipeline.declared_steps.record import options_from_record

__all__ = [
    "STEPS",
    "Option",
    "Step",
    "options_from_record",
    "step",
    "step_named",
    "steps_table",
    "words_of",
]

_ALL = (
    demo,
    run,
    create,
    clinical,
    lung_function,
    visits,
    preprocess,
    files,
    fit,
    select,
    localize,
    associate,
    replicate,
    assign,
    export,
    report,
    reading_protocol,
    reading_status,
    reading_agreement,
    reading_export,
    check,
    groups,
)
STEPS: dict[str, Step] = {one.name: one for one in _ALL}
"""By name, in the order in which people are shown them."""


def step_named(name: str) -> Step:
    """The step of this name.

    Raises:
        ClamError: If there is none.
    """
    if name not in STEPS:
        raise ClamError(f"There is no step {name!r}.")
    return STEPS[name]


def words_of(name: str) -> str:
    """What the app says while a step runs; its name, where no step is called so."""
    return STEPS[name].words if name in STEPS else name
