"""Program: an encoder that was loaded, and its answers, checked; for the child process only."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.jit._fuser import optimized_execution

from clam_core.models.brought.archive import (
    FileKind,
    UnusableError,
    check_archive,
    kind_of,
    open_archive,
)

RETURNS = (
    "it has to return its code, shape (scans, numbers), or its activations, shape (scans, "
    "channels, nodes along each axis), and its code"
)


class Program:
    """An encoder as a function of images.

    Args:
        kind: What its file is.
        call: From images to whatever it returns.
        n_axes: Axes of the scans.
    """

    def __init__(self, kind: FileKind, call: Callable[[Tensor], Any], n_axes: int) -> None:
        self.kind, self._call, self._n_axes = kind, call, n_axes

    def answer(self, images: Tensor) -> tuple[Tensor | None, Tensor]:
        """Activations, if it returns them, and code, as it gives them.

        Args:
            images: float32, shape (n, 1, *grid).

        Raises:
            UnusableError: If it fails, or returns something else.
        """
        try:
            # Recorded one by one: as one block of a script, activations would be no way station.
            with optimized_execution(should_optimize=False):
                returned = self._call(images)
        except MemoryError:
            raise
        except Exception as error:
            raise UnusableError(
                f"cannot take scans of this study, float32 of shape {tuple(images.shape)} "
                f"({_said(error)}); export it for this grid, or prepare the study on the grid that "
                "it was made for (preprocess --grid)"
            ) from None
        activations, code = self._parts(returned, len(images))
        if activations is not None:
            self._check_activations(activations, len(images))
        return activations, code

    def _parts(self, returned: Any, n_scans: int) -> tuple[Tensor | None, Tensor]:  # noqa: ANN401
        parts = list(returned) if isinstance(returned, tuple | list) else [returned]
        if not 1 <= len(parts) <= 2 or not all(isinstance(part, Tensor) for part in parts):
            what = type(returned).__name__ if len(parts) == 1 else f"{len(parts)} values"
            raise UnusableError(f"returns {what}; {RETURNS}")
        for part in parts:
            if not part.dtype.is_floating_point:
                raise UnusableError(
                    f"returns numbers of type {part.dtype}; they have to be float32"
                )
        code = parts[-1]
        if code.ndim != 2 or len(code) != n_scans or code.shape[1] < 1:
            shapes = " and ".join(str(tuple(part.shape)) for part in parts)
            scans = "1 scan" if n_scans == 1 else f"{n_scans} scans"
            raise UnusableError(f"returns the shape {shapes} for {scans}; {RETURNS}")
        return (parts[0] if len(parts) == 2 else None), code

    def _check_activations(self, activations: Tensor, n_scans: int) -> None:
        shape = tuple(activations.shape)
        if activations.ndim != self._n_axes + 2 or shape[0] != n_scans or 0 in shape:
            raise UnusableError(
                f"returns activations of shape {shape} for {n_scans} scans of {self._n_axes} axes; "
                f"{RETURNS}"
            )


@functools.lru_cache(maxsize=1)
def load_program(path: Path, n_axes: int) -> Program:
    """Load an encoder; the caller is a process that may be lost.

    Args:
        path: TorchScript archive or exported program.
        n_axes: Axes of the scans.

    Raises:
        UnusableError: If it is neither, holds pickles, or cannot be loaded here.
    """
    archive = open_archive(path)
    kind = kind_of(archive)
    try:
        check_archive(archive, kind)
    except (KeyError, TypeError, AttributeError, RuntimeError):
        raise UnusableError(
            "is damaged, or of a version that is not known; export it again"
        ) from None
    try:
        call = _script(path) if kind == "torchscript" else _exported(path)
    except MemoryError:
        raise
    except Exception as error:
        raise UnusableError(
            f"cannot be loaded by PyTorch {torch.__version__} ({_said(error)}); export it again "
            "with this version"
        ) from None
    return Program(kind, call, n_axes)


def _script(path: Path) -> Callable[[Tensor], Any]:
    load: Any = torch.jit.load
    with warnings.catch_warnings():
        # New archives should be made by `torch.export`, but those that are there are read.
        warnings.simplefilter("ignore", DeprecationWarning)
        program = load(str(path), map_location="cpu")
    program.eval()
    return _frozen(program)


def _exported(path: Path) -> Callable[[Tensor], Any]:
    from torch.export.pt2_archive import _package

    _allow_no_pickle()
    # Not `torch.export.load`, which falls back on older layouts that are pickles.
    (program,) = _package.load_pt2(str(path)).exported_programs.values()
    # Guards are code as text that would be executed; what they ask for is checked on the answers.
    return _frozen(program.module(check_guards=False))


def _frozen(program: Any) -> Callable[[Tensor], Any]:  # noqa: ANN401
    for parameter in program.parameters():
        parameter.requires_grad_(requires_grad=False)
    called: Callable[[Tensor], Any] = program
    return called


def _allow_no_pickle() -> None:
    """Let `torch.load` of this process load tensors only, whatever its caller asks for."""
    plain = torch.load
    if getattr(plain, "is_safe", False):
        return

    def safe(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401
        return plain(*arguments, **{**options, "weights_only": True})

    safe.is_safe = True  # type: ignore[attr-defined]
    torch.load = safe


def _said(error: Exception) -> str:
    """The last words of an error of PyTorch, without its traceback in the program."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[-1] if lines else type(error).__name__)[:200].rstrip(".")
