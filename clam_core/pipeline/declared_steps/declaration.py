"""What a step is: a function whose parameters are its options, and words about it.

Options that belong together may be the fields of a dataclass, which is then one parameter. Command
line and jobs see them as if they stood in the function, in the same order.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from clam_core.pipeline.progress import Progress
from clam_core.pipeline.summary import Summary

REQUIRED = inspect.Parameter.empty
"""Default of an option that has to be given."""

_NO_OPTION = ("study", "progress", "return")


@dataclass(frozen=True)
class Written:
    """How a value that is no single word or number is written on the command line.

    Attributes:
        read: From what was written to the value; raises a `ClamError` with a sentence.
        write: Back again, for the help; the value comes as the function has it.
        is_repeated: Whether the option may be given many times; then `read` gets a list.
    """

    read: Callable[[Any], Any]
    write: Callable[[Any], str] = str
    is_repeated: bool = False


@dataclass(frozen=True)
class Option:
    """What a person may choose; it stands in the annotation of a parameter of a step.

    Attributes:
        help: One sentence.
        flag: On the command line, where it is not the name of the parameter.
        lowest: Smallest number that is taken.
        highest: Largest number that is taken.
        written: How it is written on the command line, where that needs reading.
        is_argument: Stands on the command line without a flag.
        is_on_command_line: False for what only the app asks for.
    """

    help: str
    flag: str = ""
    lowest: int | None = None
    highest: int | None = None
    written: Written | None = None
    is_argument: bool = False
    is_on_command_line: bool = True


@dataclass(frozen=True)
class Parameter:
    """One option of one step.

    Attributes:
        name: In the function, and in the record of a job.
        kind: Its type.
        default: Its value if not given, or `REQUIRED`.
        option: What is said about it.
    """

    name: str
    kind: Any
    default: Any
    option: Option

    @property
    def flag(self) -> str:
        """`--scans-table` for `scans_table`, unless it is called otherwise."""
        return self.option.flag or "--" + self.name.replace("_", "-")


@dataclass(frozen=True)
class Step:
    """A step: what it does, and what command line, jobs, app and README need to know of it.

    Attributes:
        function: Takes the folder of the study, options by name, and `progress`. It imports
            what is slow when it is called. The first sentence of its docstring is the help.
        words: What the app says while it runs, such as "Preparing the scans".
        needs: What must be there before.
        writes: What is there afterwards.
        stages: What it reports on the way, and the rough share of each of its time.
        has_command: False for a step that only the app offers.
        in_app: Options that a job has unless its record says otherwise.
    """

    function: Callable[..., Summary]
    words: str
    needs: str
    writes: str
    stages: Mapping[str, float]
    has_command: bool = True
    in_app: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """On the command line and in the record of a job."""
        return self.function.__name__.replace("_", "-")

    @property
    def help(self) -> str:
        """One sentence."""
        return inspect.cleandoc(self.function.__doc__ or "").split("\n\n")[0]

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """Its options, in the order of the function and of the groups in it."""
        given = inspect.signature(self.function).parameters
        found: list[Parameter] = []
        for name, hint in get_type_hints(self.function, include_extras=True).items():
            if name in self._groups:
                found += _of_group(hint)
            elif name not in _NO_OPTION:
                found.append(_parameter(name, hint, given[name].default))
        return tuple(found)

    @cached_property
    def _groups(self) -> dict[str, Any]:
        """Parameters of the function that are dataclasses of options."""
        hints = get_type_hints(self.function, include_extras=True)
        return {name: hint for name, hint in hints.items() if _is_group(name, hint)}

    def arguments(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Options as the function takes them, those of a group in one object.

        Args:
            options: By name; those that are left out have their defaults.
        """
        rest = dict(options)
        made = {}
        for name, group in self._groups.items():
            own = [one.name for one in fields(group) if one.name in rest]
            made[name] = group(**{one: rest.pop(one) for one in own})
        return {**rest, **made}

    def __call__(self, study: Path, progress: Progress, options: Mapping[str, Any]) -> Summary:
        """Do it.

        Args:
            study: Folder of the study.
            progress: Told what is going on.
            options: By name of the parameter; those that are left out have their defaults.

        Returns:
            What was done.

        Raises:
            ClamError: If it cannot be done, with a sentence for people.
        """
        said = _key_taken_out(study)
        done = self.function(study, **self.arguments(options), progress=progress)
        return Summary((*done.sentences, said), done.values) if said else done


def step(
    words: str,
    *,
    needs: str,
    writes: str,
    stages: Mapping[str, float],
    has_command: bool = True,
    in_app: Mapping[str, Any] | None = None,
) -> Callable[[Callable[..., Summary]], Step]:
    """Declare a step: see `Step` for what is said about it."""

    def declare(function: Callable[..., Summary]) -> Step:
        return Step(function, words, needs, writes, stages, has_command, in_app or {})

    return declare


def _key_taken_out(study: Path) -> str:
    """What to know about the key of a study that an older version has made."""
    if not (study / "study.json").is_file():
        return ""
    from clam_core.study import take_key_out  # only now: a list of the steps needs no arrays

    return take_key_out(study)


def _is_group(name: str, hint: Any) -> bool:  # noqa: ANN401
    return name not in _NO_OPTION and isinstance(hint, type) and is_dataclass(hint)


def _of_group(group: Any) -> list[Parameter]:  # noqa: ANN401
    """The options that are fields of a dataclass."""
    hints = get_type_hints(group, include_extras=True)
    return [
        _parameter(one.name, hints[one.name], REQUIRED if one.default is MISSING else one.default)
        for one in fields(group)
    ]


def _parameter(name: str, hint: Any, default: Any) -> Parameter:  # noqa: ANN401
    if get_origin(hint) is not Annotated or not isinstance(get_args(hint)[1], Option):
        raise TypeError(f"The parameter {name!r} of a step needs Annotated[..., Option(...)].")
    kind, option = get_args(hint)[:2]
    return Parameter(name, kind, default, option)
