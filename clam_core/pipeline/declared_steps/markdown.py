"""The table of steps for README and docs."""

from __future__ import annotations

from collections.abc import Iterable

from clam_core.pipeline.declared_steps.declaration import REQUIRED, Step

BEGIN, END = "<!-- steps -->", "<!-- end of steps -->"
"""The table stands between these two lines; a test compares it."""


def steps_table(steps: Iterable[Step]) -> str:
    """What each step of the command line does, needs and writes, as a Markdown table."""
    lines = ["| step | does | needs | writes |", "| --- | --- | --- | --- |"]
    for one in steps:
        if one.has_command:
            must = "".join(f" {_must(one, name)}" for name in _required(one))
            lines.append(f"| `{one.name}{must}` | {one.help} | {one.needs} | {one.writes} |")
    return "\n".join(lines)


def _required(step: Step) -> list[str]:
    return [one.name for one in step.parameters if one.default is REQUIRED]


def _must(step: Step, name: str) -> str:
    parameter = next(one for one in step.parameters if one.name == name)
    value = name.upper()
    return value if parameter.option.is_argument else f"{parameter.flag} {value}"
