"""An encoder that was brought along in place of our own: called in a child process."""

from __future__ import annotations

import weakref
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from clam_core.errors import EncoderError, SettingsError
from clam_core.models.autoencoder import Autoencoder
from clam_core.models.brought.encoder_pool import CHILD, EncoderPool
from clam_core.models.features import Features
from clam_core.sandbox.engine import Shared, Task
from clam_core.settings.brought_encoder import ENCODER
from clam_core.settings.encoder_limits import EncoderLimits

Arrays = dict[str, NDArray[np.generic]]


class CalledEncoder(Autoencoder):
    """What stands in for the network of a run whose encoder was brought along.

    It has no weights and no decoder. Its only layer is the image itself; its latent code is what
    the encoder says.

    Args:
        path: File of the encoder.
        grid: Voxels along each axis.
        name: What it is called in messages.
        at_once: Scans that it is given at once.
        limits: What it may cost.
    """

    def __init__(
        self,
        path: Path,
        grid: tuple[int, ...],
        name: str = "",
        at_once: int = 1,
        limits: EncoderLimits | None = None,
    ) -> None:
        nn.Module.__init__(self)  # nothing of the network of the base is made
        self.grid = self.padded = tuple(grid)
        self.path, self.at_once = path, at_once
        self.limits = limits or EncoderLimits()
        self._shown = repr(name) if name else "that was brought along"
        self._pool: EncoderPool | None = None
        self._ends: weakref.finalize[Any, Any] | None = None
        self._last: tuple[Tensor, Tensor] | None = None

    @property
    def n_layers(self) -> int:
        """The image is the only layer that maps can begin at."""
        return 1

    def activations(self, images: Tensor, layer: int) -> Tensor:
        """The images themselves."""
        self.check_layer(layer)
        return self.pad(images)

    def advance(self, activations: Tensor, layer: int, until: int | None = None) -> Tensor:  # noqa: ARG002
        """The images themselves."""
        return activations

    def latent(self, last: Tensor) -> Tensor:
        """Codes, shape (n, n_codes), of images, shape (n, 1, *grid).

        Raises:
            EncoderError: If the encoder fails, or a code is not finite.
        """
        # Features and latent codes of the same images are asked for one after the other.
        if self._last is not None and self._last[0] is last:
            return self._last[1]
        parts = [self._codes(part) for part in torch.split(last.detach(), self.at_once)]
        found = torch.cat(parts).to(last)
        self._last = (last, found)
        return found

    def decode(self, latent: Tensor) -> NoReturn:  # noqa: ARG002
        """There is no decoder.

        Raises:
            SettingsError: Always.
        """
        raise SettingsError("An encoder that was brought along has no decoder.")

    def try_out(self, images: Tensor) -> dict[str, Any]:
        """Try the encoder on two scans, shape (2, 1, *grid): see `child.try_encoder`.

        Raises:
            EncoderError: If it cannot be used, in one sentence.
        """
        more = {"at_once": self.limits.at_once}
        # Up to 256 steps of the path, twice.
        values, _ = self._ask("try_encoder", {"images": images}, 600, more)
        n_codes = int(values["n_codes"])
        if n_codes > self.limits.n_codes:
            raise EncoderError(
                f"The encoder {self._shown} returns codes of {n_codes:,} numbers; at most "
                f"{self.limits.n_codes:,} can be grouped: return the pooled code instead."
            )
        return values

    def nodes(self, start: Tensor, end: Tensor, gradients: Tensor) -> Tensor:
        """What each node of the returned layer adds along a path: see `child.nodes`.

        Args:
            start: Image, shape (1, 1, *grid).
            end: Image, same shape.
            gradients: Of the score by the code, shape (n_steps + 1, n_codes).

        Raises:
            EncoderError: If it fails, or what it gives is not finite.
        """
        asked = {"start": start, "end": end, "gradients": gradients}
        _, arrays = self._ask("nodes", asked, 3 * len(gradients), {})
        found = torch.from_numpy(np.array(arrays["nodes"], dtype=np.float32))
        if found.ndim != len(self.grid) or not bool(found.isfinite().all()):
            raise EncoderError(
                f"The gradients of the encoder {self._shown} are no finite numbers for a scan; "
                "choose maps by occlusion (localize --variant occlusion)."
            )
        return found

    def close(self) -> None:
        """End the child process; another one is started when it is needed."""
        if self._ends is not None:
            self._ends()
        self._pool = self._ends = None

    def _codes(self, images: Tensor) -> Tensor:
        _, arrays = self._ask("codes", {"images": images}, len(images), {})
        found = torch.from_numpy(np.array(arrays["codes"], dtype=np.float32))
        if found.ndim != 2 or len(found) != len(images):
            raise EncoderError(
                f"The encoder {self._shown} returned codes of shape {tuple(found.shape)} for "
                f"{len(images)} scans; export it for any number of scans, or for one."
            )
        return found

    def _ask(
        self, function: str, tensors: dict[str, Tensor], n_calls: int, more: dict[str, Any]
    ) -> tuple[dict[str, Any], Arrays]:
        if self._pool is None:
            self._pool = EncoderPool(self._shown, self.limits)
            # Models are kept and dropped by caches, which close nothing.
            self._ends = weakref.finalize(self, self._pool.__exit__, None, None, None)
        arrays: Arrays = {
            name: value.detach().cpu().float().contiguous().numpy()
            for name, value in tensors.items()
        }
        voxels = 4 * int(np.prod(self.grid))
        where = {"path": str(self.path.absolute()), "name": self._shown}
        task = Task(f"{CHILD}:{function}", {**where, **more}, n_bytes=n_calls * voxels)
        return self._pool.run(task, Shared(arrays)).unwrap()


class BroughtFeatures(Features):
    """The code of such an encoder, scaled and projected.

    Args:
        mean: Of each number, shape (n_codes,).
        sd: What each is divided by, shape (n_codes,).
        components: Axes, shape (n_codes, n_features).
    """

    kind = ENCODER
    layer = 1
    reads_image = True
    mean: Tensor
    sd: Tensor
    components: Tensor

    def __init__(self, mean: Tensor, sd: Tensor, components: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean.clone())
        self.register_buffer("sd", sd.clone())
        # A parameter, as whoever borrows a model asks its parameters where it is.
        self.components = nn.Parameter(components.clone(), requires_grad=False)

    def n_values(self, autoencoder: Autoencoder, layer: int) -> int:  # noqa: ARG002
        """Voxels of the image, which is the layer."""
        return int(np.prod(autoencoder.grid))

    def scaled(self, codes: Tensor) -> Tensor:
        """Codes in the units of the cohort, shape (n, n_codes)."""
        return (codes - self.mean) / self.sd

    def of_codes(self, codes: Tensor) -> Tensor:
        """Features, shape (n, n_features), of codes, shape (n, n_codes); differentiable."""
        return self.scaled(codes) @ self.components

    def forward(self, activations: Tensor, autoencoder: Autoencoder) -> Tensor:
        """Features, shape (n, n_features), of images, which are the activations here."""
        return self.of_codes(autoencoder.latent(activations))
