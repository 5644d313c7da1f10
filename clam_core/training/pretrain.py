"""Pretraining: the autoencoder learns to give back what it sees."""

from __future__ import annotations

from torch import Tensor

from clam_core.models.autoencoder import Autoencoder
from clam_core.settings import TrainSettings
from clam_core.training.context import Context, Trained
from clam_core.training.images import CohortImages
from clam_core.training.loop import Loop
from clam_core.training.update import Objective, squared_error


class Reconstruction(Objective):
    """Mean squared error between the reconstruction and the image without noise."""

    phase = "pretrain"

    def __init__(self, autoencoder: Autoencoder) -> None:
        self.weights = {"reconstruction": 1.0}
        self._autoencoder = autoencoder

    def terms(self, rows: Tensor, inputs: Tensor, clean: Tensor) -> list[Tensor]:  # noqa: ARG002
        """The one term, summed over the scans."""
        reconstruction, _ = self._autoencoder(inputs)
        return [squared_error(reconstruction, clean)]


def pretrain(
    autoencoder: Autoencoder,
    images: CohortImages,
    settings: TrainSettings,
    context: Context | None = None,
) -> Trained:
    """Train an autoencoder without labels.

    Args:
        autoencoder: Trained in place; given back on its device and in its mode.
        images: The cohort, standardised.
        settings: Epochs, batches, step size, noise, shifts and seed.
        context: Checkpoint, callback, device and other processes.

    Returns:
        The history (epoch, phase, reconstruction) and notes.

    Raises:
        SettingsError: If the loss grows beyond all numbers, or a single scan does not
            fit into memory.
        StudyError: If a scan or the checkpoint cannot be used.
        AlignmentError: If the checkpoint's weights do not fit the autoencoder.

    Source:
        Ryan et al. (2022), J. Med. Imaging 9(2), section 2.2 (mean squared error, Adam);
        noise on the input: Vincent et al. (2008), "Extracting and composing robust
        features with denoising autoencoders", ICML.
    """
    loop = Loop(autoencoder, images, Reconstruction(autoencoder), settings, context or Context())
    loop.run()
    return Trained(loop.history, loop.notes)
