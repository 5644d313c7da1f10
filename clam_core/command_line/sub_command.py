"""A sub-command of the command line from the declaration of a step."""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter as Place
from inspect import Signature
from pathlib import Path
from typing import Annotated, Any

import typer

from clam_core.command_line.terminal import Outcome, Progress, run_step
from clam_core.pipeline.declared_steps.declaration import REQUIRED, Parameter, Step

STUDY = Annotated[Path, typer.Argument(help="Folder of the study.", show_default=False)]
JSON = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of words.")]


def sub_command(step: Step) -> Callable[..., None]:
    """The function that typer makes a sub-command of.

    Typer reads options from a signature; this one is put together from the options of the step.

    Args:
        step: The step.
    """
    shown = [one for one in step.parameters if one.option.is_on_command_line]

    def command(study: Path, *, json: bool, **given: Any) -> None:  # noqa: ANN401
        def work(progress: Progress) -> Outcome:
            return step(study, progress, {one.name: _read(one, given[one.name]) for one in shown})

        run_step(work, as_json=json)

    places = [
        _place("study", STUDY),
        *(_place(one.name, _annotation(one), _default(one)) for one in shown),
        _place("json", JSON, default=False),
    ]
    command.__name__, command.__doc__ = step.function.__name__, step.help
    command.__annotations__ = {}
    command.__signature__ = Signature(places)  # type: ignore[attr-defined]
    return command


def _place(name: str, annotation: Any, default: Any = REQUIRED) -> Place:  # noqa: ANN401
    return Place(name, Place.KEYWORD_ONLY, default=default, annotation=annotation)


def _annotation(parameter: Parameter) -> Any:  # noqa: ANN401
    """What typer is told of an option."""
    option = parameter.option
    if option.is_argument:
        argument = typer.Argument(help=option.help, show_default=False)
        return Annotated[parameter.kind, argument]
    bounds: dict[str, Any] = {"min": option.lowest, "max": option.highest}
    return Annotated[_kind(parameter), typer.Option(parameter.flag, help=option.help, **bounds)]


def _kind(parameter: Parameter) -> Any:  # noqa: ANN401
    """The type that is typed: text, where it is read by us."""
    written = parameter.option.written
    if written is None:
        return parameter.kind
    return list[str] | None if written.is_repeated else str | None


def _default(parameter: Parameter) -> Any:  # noqa: ANN401
    """The default as a person would type it."""
    written, default = parameter.option.written, parameter.default
    if written is None or default is None or default is REQUIRED:
        return default
    return written.write(default)


def _read(parameter: Parameter, typed: Any) -> Any:  # noqa: ANN401
    written = parameter.option.written
    return typed if written is None or typed is None else written.read(typed)
