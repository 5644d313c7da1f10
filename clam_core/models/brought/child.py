"""What the child process does with an encoder: try it, encode, and take gradients.

Functions of plain values and arrays, as `sandbox` calls them. What they return is believed by
nobody: the parent checks it.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from clam_core.errors import EncoderError
from clam_core.models.brought.archive import UnusableError
from clam_core.models.brought.program import Program, load_program

Arrays = dict[str, NDArray[np.generic]]
Done = tuple[dict[str, Any], Arrays]

SAME = 1e-3
"""How far codes of one scan may differ, as a share of the largest number of the code."""
INCOMPLETE = 0.05
"""Share of a change of the code that activations may leave unexplained."""
N_TRIED, MOST_TRIED = 16, 256
"""Steps of the path on which that is tried first, and at most."""


def try_encoder(path: str, name: str, at_once: int, shared: Arrays) -> Done:
    """Load an encoder and try it on two scans.

    Args:
        path: Its file.
        name: What it is called in messages.
        at_once: Scans that it may be given at once.
        shared: `images`, two scans as it will be given them, shape (2, 1, *grid), float32.

    Returns:
        `kind`, `n_codes`, `layer` (channels and nodes, or None), `at_once`, and `why`: why its
        activations cannot be followed, as the rest of a sentence, or empty.

    Raises:
        EncoderError: If it cannot be used, in one sentence.
    """
    images = _tensor(shared["images"])
    try:
        program = load_program(Path(path), images.ndim - 2)
        with torch.no_grad():
            (activations, code), (_, again) = (program.answer(images[:1]) for _ in range(2))
            other = program.answer(images[1:])[1]
        _check_same(code, again, other)
        together = _together(program, images, torch.cat([code, other]))
        why = _why_not(program, images)
    except UnusableError as found:
        raise EncoderError(f"The encoder {name} {found}.") from None
    layer = None if activations is None else list(activations.shape[1:])
    values = {"kind": program.kind, "n_codes": int(code.shape[1]), "layer": layer}
    return {**values, "at_once": at_once if together else 1, "why": why}, {}


def codes(path: str, name: str, shared: Arrays) -> Done:
    """Codes of scans, as array `codes`, shape (n, n_codes), float32.

    Args:
        path: Its file.
        name: What it is called in messages.
        shared: `images`, shape (n, 1, *grid), float32.
    """
    images = _tensor(shared["images"])
    try:
        program = load_program(Path(path), images.ndim - 2)
        with torch.no_grad():
            found = program.answer(images)[1]
    except UnusableError as error:
        raise EncoderError(f"The encoder {name} {error}.") from None
    return {}, {"codes": found.float().numpy()}


def nodes(path: str, name: str, shared: Arrays) -> Done:
    """What each node adds to a score along the straight path between two images.

    Args:
        path: Its file.
        name: What it is called in messages.
        shared: `start` and `end`, shape (1, 1, *grid), and `gradients`, derivatives of the score
            by the code at evenly spaced points from start to end, shape (n_steps + 1, n_codes).

    Returns:
        No values, and the array `nodes`, shape (*size of the layer), float32.
    """
    start, end, weights = (_tensor(shared[key]) for key in ("start", "end", "gradients"))
    try:
        program = load_program(Path(path), start.ndim - 2)
        found = _along(program, start, end, weights)
    except UnusableError as error:
        raise EncoderError(f"The encoder {name} {error}.") from None
    return {}, {"nodes": found.float().numpy()}


def _along(program: Program, start: Tensor, end: Tensor, weights: Tensor) -> Tensor:
    """Line integral of the gradient in the space of activations, by trapezoids."""
    n_steps = len(weights) - 1
    total: Tensor | None = None
    before: tuple[Tensor, Tensor] | None = None
    for step, weight in enumerate(weights):
        here = _gradient(program, start + (step / n_steps) * (end - start), weight)
        if before is not None:
            way = (here[1] + before[1]) / 2 * (here[0] - before[0])
            added = way.double().sum(dim=1)[0]
            total = added if total is None else total + added
        before = here
    if total is None:
        raise UnusableError("was asked for no step")
    return total


def _gradient(program: Program, image: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Activations of an image, and the derivative of code times weight by them."""
    with torch.enable_grad():
        activations, code = program.answer(image.requires_grad_())
        if activations is None:
            raise UnusableError("returns no activations")
        if not activations.requires_grad or not code.requires_grad:
            raise UnusableError("lets no gradients through")
        (gradient,) = torch.autograd.grad(
            (code.float() * weight).sum(), activations, allow_unused=True
        )
    if gradient is None:
        raise UnusableError(
            "makes its code from something else than the activations that it returns"
        )
    return activations.detach().float(), gradient.detach().float()


def _check_same(code: Tensor, again: Tensor, other: Tensor) -> None:
    for one in (code, other):
        if not bool(one.isfinite().all()):
            raise UnusableError(
                "returns codes that are not finite numbers for scans of this study; it may need "
                "another input (--encoder-input)"
            )
    if not _is_near(code, again):
        raise UnusableError(
            "gives another code each time that it sees the same scan, as with dropout; call "
            "model.eval() before it is exported"
        )


def _together(program: Program, images: Tensor, apart: Tensor) -> bool:
    """Whether it takes several scans at once, with the same codes.

    Raises:
        UnusableError: If the code of a scan depends on the scans beside it.
    """
    try:
        with torch.no_grad():
            found = program.answer(images)[1]
    except UnusableError:
        return False  # exported for one scan at a time
    if not _is_near(found, apart):
        raise UnusableError(
            "gives a scan another code when other scans are beside it, as batch normalisation in "
            "training does; call model.eval() before it is exported"
        )
    return True


def _is_near(one: Tensor, other: Tensor) -> bool:
    largest = float(torch.maximum(one.abs().max(), other.abs().max()))
    return float((one - other).abs().max()) <= SAME * largest


def _why_not(program: Program, images: Tensor) -> str:
    """Why maps cannot follow its activations, or nothing."""
    with torch.no_grad():
        (activations, first), (_, last) = (program.answer(one[None]) for one in images)
    if activations is None:
        return "it returns a code without activations"
    if activations[0, 0].numel() == 1:
        return "its activations have a single node"
    try:
        return _what_is_missed(program, images, last - first)
    except UnusableError as error:
        return f"it {error}"
    except RuntimeError:
        return "it lets no gradients through"


def _what_is_missed(program: Program, images: Tensor, direction: Tensor) -> str:
    """How much of the change of the code between two scans its activations leave unexplained."""
    change = float((direction * direction).sum())
    if not change > 0:
        direction = torch.ones_like(direction)
    n_steps = N_TRIED
    while True:
        found = _along(program, images[:1], images[1:], direction.repeat(n_steps + 1, 1))
        total = float(found.sum())
        if not math.isfinite(total):
            return "its gradients are no finite numbers"
        # The score is the code along its own change: the sum has to be the square of its length.
        if not change > 0 or abs(total / change - 1) <= INCOMPLETE:
            return ""
        if 2 * n_steps > MOST_TRIED:
            return (
                f"its activations explain {total / change:.0%} of a change of the code, which has "
                "other sources beside them"
            )
        n_steps *= 2


def _tensor(values: NDArray[np.generic]) -> Tensor:
    return torch.from_numpy(np.array(values, dtype=np.float32))
