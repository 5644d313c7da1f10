"""What the file of an encoder is, and whether loading it could run anything but its operators.

`torch.export.load` unpickles custom objects, sample inputs and some weights, evaluates symbolic
shapes with sympy, executes the code of guards, loads compiled libraries, and finds the target of
a node anywhere below `torch`. All of these are looked for first, with the reader that loads the
file afterwards, and refused. `torch.jit.load` makes only types of TorchScript, but the language
can write files.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, NoReturn

import torch


class UnusableError(Exception):
    """What is wrong with an encoder: the rest of a sentence that begins with its name."""


FileKind = Literal["torchscript", "exported"]

HOW = (
    "save it with torch.jit.trace(model.eval(), scan).save(FILE), or with "
    "torch.export.save(torch.export.export(model.eval(), (scan,)), FILE)"
)
_PARTS = re.compile(
    r"(archive_format|archive_version|byteorder|version|\.data/.*|extra/.*|models/[^/]+\.json|"
    r"data/weights/(?:weight_\d+|[^/]+_weights_config\.json)|"
    r"data/constants/(?:tensor_\d+|[^/]+_constants_config\.json)|data/sample_inputs/[^/]+\.pt)"
)
"""What an archive of an exported program may hold: no compiled code, no pickled objects."""
_MATHS = (
    "getitem|add|sub|mul|floordiv|truediv|mod|pow|neg|pos|abs|le|lt|ge|gt|eq|ne|and_|or_|not_|index"
)
_TARGETS = re.compile(
    r"torch\.ops\.(?:aten|prims)\.(?!from_file|save|load)\w+\.\w+|"
    r"torch\.ops\.higher_order\.wrap_with_(?:set_grad_enabled|autocast)|"
    rf"torch\.sym_\w+|_operator\.(?:{_MATHS})|math\.(?:ceil|floor|trunc|sqrt)"
)
"""Operators on tensors, and arithmetic of their sizes."""
_NAMES_OF_SIZES = (
    r"Symbol|Integer|positive|integer|True|False|Max|Min|Mod|PythonMod|FloorDiv|CeilDiv|CleanDiv|"
    r"ModularIndexing|Pow|Add|Mul|IntTrueDiv|oo|int_oo|[suz]\d+"
)
_SIZES = re.compile(rf"(?:'[suz]\d+'|\b(?:{_NAMES_OF_SIZES})\b|[\s\d()+\-*/,.=<>])*")
"""Symbolic sizes, as they are written; anything else would be evaluated all the same."""
_CONTAINERS = {None, "builtins.tuple", "builtins.list", "builtins.dict"}
_FILES_OF_SCRIPTS = re.compile(rb"\b(?:torch|ops\.\w+)\.(?:from_file|save|load\w*)\b")


def open_archive(path: Path) -> Any:  # noqa: ANN401 (a class of torch without types)
    """The archive, as torch reads it.

    Raises:
        UnusableError: If it is none.
    """
    try:
        return torch._C.PyTorchFileReader(str(path))
    except (RuntimeError, OSError, ValueError):
        raise UnusableError(f"is no archive of TorchScript or torch.export; {HOW}") from None


def kind_of(archive: Any) -> FileKind:  # noqa: ANN401
    """What an archive is.

    Raises:
        UnusableError: If it holds pickled weights or objects, or something else.
    """
    names = set(archive.get_all_records())
    if "archive_format" in names or any(name.startswith("models/") for name in names):
        return "exported"
    if "constants.pkl" in names and any(name.startswith("code/") for name in names):
        return "torchscript"
    if "data.pkl" in names:
        raise UnusableError(
            "was saved with torch.save, as pickled weights or objects, which are never loaded; "
            f"{HOW}"
        )
    raise UnusableError(f"is no archive of TorchScript or torch.export; {HOW}")


def check_archive(archive: Any, kind: FileKind) -> None:  # noqa: ANN401
    """Refuse what would run or unpickle something while it is loaded.

    Raises:
        UnusableError: With what was found.
    """
    if kind == "torchscript":
        _check_script(archive)
        return
    names = archive.get_all_records()
    strange = sorted(name for name in names if not _PARTS.fullmatch(name))
    if strange:
        _refuse(f"holds {strange[0]!r}, which is compiled or pickled")
    models = [name for name in names if name.startswith("models/")]
    if len(models) != 1:
        _refuse(f"holds {len(models)} programs, but one is needed")
    for name in names:
        if name.endswith("_config.json"):
            _check_payload(_json(archive, name))
    _check_program(_json(archive, models[0]))


def _check_script(archive: Any) -> None:  # noqa: ANN401
    for name in archive.get_all_records():
        if name.startswith("code/") and name.endswith(".py"):
            found = _FILES_OF_SCRIPTS.search(archive.get_record(name))
            if found:
                _refuse(f"reads or writes files ({found[0].decode()})")


def _check_payload(config: Any) -> None:  # noqa: ANN401
    for entry in config["config"].values():
        if entry.get("use_pickle") or not re.fullmatch(
            r"(?:weight|tensor)_\d+", str(entry.get("path_name"))
        ):
            _refuse("holds pickled weights or objects")


def _check_program(program: Any) -> None:  # noqa: ANN401
    for key, value in _walk(program):
        if key in {"target", "as_operator"} and not _TARGETS.fullmatch(str(value)):
            _refuse(f"calls {str(value)[:80]!r}, which is no operator on tensors")
        if key == "expr_str" and not _SIZES.fullmatch(str(value)):
            _refuse(f"has a size {str(value)[:80]!r}, which is no number")
        if key in {"in_spec", "out_spec"} and value:
            _check_spec(str(value))
        if key in {"as_custom_obj", "custom_obj_values", "treespec_namedtuple_fields"} and value:
            _refuse("holds objects beside tensors")


def _check_spec(spec: str) -> None:
    try:
        parsed = json.loads(spec)
    except ValueError:
        _refuse("describes what it takes or returns in a way that is not known")
    for key, value in _walk(parsed):
        if key == "type" and value not in _CONTAINERS:
            _refuse(f"takes or returns {str(value)[:80]!r}; plain tensors are needed")


def _walk(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:  # noqa: ANN401
    """Every entry of nested JSON with its name."""
    stack = [(key, value)]
    while stack:
        name, one = stack.pop()
        yield name, one
        if isinstance(one, dict):
            stack.extend((str(part), other) for part, other in one.items())
        elif isinstance(one, list):
            stack.extend((name, other) for other in one if isinstance(other, dict | list))


def _json(archive: Any, name: str) -> Any:  # noqa: ANN401
    try:
        return json.loads(archive.get_record(name))
    except (ValueError, RecursionError):
        _refuse(f"holds {name!r}, which cannot be read")


def _refuse(found: str) -> NoReturn:
    raise UnusableError(f"{found}; {HOW}")
