"""Frozen dataclasses <-> plain values that JSON can hold, checked on the way back."""

from __future__ import annotations

import types
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from clam_core.errors import ReadError

_T = TypeVar("_T")
_PLAIN = frozenset({str, int, float, bool})
_Maker = Callable[[Any], Any]


def to_plain(value: Any) -> Any:  # noqa: ANN401
    """Lists, dictionaries, texts and numbers that say the same as `value`."""
    if value is None or type(value) in _PLAIN:
        return value
    if is_dataclass(value):
        names = _names_of(type(value))  # type: ignore[arg-type]
        return {name: to_plain(getattr(value, name)) for name in names}
    if isinstance(value, tuple):
        return [to_plain(item) for item in value]
    if isinstance(value, Path):
        return str(value)
    return value


@lru_cache(maxsize=64)
def _names_of(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def from_plain(kind: type[_T], values: Any) -> _T:  # noqa: ANN401
    """The object of which `to_plain` made `values`.

    Args:
        kind: A frozen dataclass of texts, numbers, tuples and other such classes.
        values: What came through a pipe or a file; it is not trusted.

    Raises:
        ReadError: If the values do not fit the class.
    """
    try:
        make: _Maker = _maker(kind)  # type: ignore[arg-type]
        made: _T = make(values)
    except (TypeError, ValueError, KeyError) as error:
        raise ReadError(
            f"The header of a file is not in the expected form ({kind.__name__})."
        ) from error
    return made


@lru_cache(maxsize=64)
def _maker(hint: Any) -> _Maker:  # noqa: ANN401
    """A function that builds a value of the hinted type, or raises."""
    if is_dataclass(hint):
        return _dataclass_maker(hint)
    special = {
        tuple: _tuple_maker,
        dict: _dict_maker,
        types.UnionType: _optional_maker,
        Literal: _choice_maker,
    }.get(get_origin(hint))
    if special is not None:
        return special(get_args(hint))
    if hint is Path:
        return lambda value: Path(_exact(str, value))
    return _scalar if hint is Any else lambda value: _exact(hint, value)


def _dict_maker(arguments: tuple[Any, ...]) -> _Maker:
    make = _maker(arguments[1])
    return lambda values: {_exact(str, k): make(v) for k, v in _exact(dict, values).items()}


def _optional_maker(arguments: tuple[Any, ...]) -> _Maker:
    (inner,) = (a for a in arguments if a is not type(None))
    make = _maker(inner)
    return lambda value: None if value is None else make(value)


def _choice_maker(arguments: tuple[Any, ...]) -> _Maker:
    return lambda value: arguments[arguments.index(value)]


def _dataclass_maker(hint: Any) -> _Maker:  # noqa: ANN401
    hints = get_type_hints(hint)
    makers = {f.name: _maker(hints[f.name]) for f in fields(hint)}
    return lambda values: hint(**{name: make(values[name]) for name, make in makers.items()})


def _tuple_maker(arguments: tuple[Any, ...]) -> _Maker:
    if arguments[-1] is Ellipsis:
        make = _maker(arguments[0])
        return lambda values: tuple(make(value) for value in _exact(list, values))
    makers = [_maker(a) for a in arguments]
    return lambda values: tuple(m(v) for m, v in zip(makers, _exact(list, values), strict=True))


def _exact(kind: type, value: Any) -> Any:  # noqa: ANN401
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise TypeError(f"{type(value).__name__} instead of {kind.__name__}")
    return value


def _scalar(value: Any) -> Any:  # noqa: ANN401
    if not isinstance(value, str | int | float | bool | None):
        raise TypeError("no plain value")
    return value
