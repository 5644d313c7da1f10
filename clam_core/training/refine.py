"""The clustering phase of DCEC: reconstruction and clustering together, under a guard."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from clam_core.models.assignment import target_distribution
from clam_core.models.cluster_model import ClusterModel
from clam_core.settings import RefineSettings, TrainSettings
from clam_core.training.checkpoint import Tensors, copy_into, prefixed, under
from clam_core.training.context import Context, Row, Trained
from clam_core.training.encode import encode_with
from clam_core.training.guard import complaint, standing
from clam_core.training.images import CohortImages
from clam_core.training.loop import DivergedError, Loop
from clam_core.training.memory import Parts
from clam_core.training.update import Objective, squared_error


class Clustering(Objective):
    """Reconstruction and the divergence of the soft assignment from its sharpened target.

    Args:
        model: Network, features and head.
        images: The cohort.
        settings: Weight of the clustering, epochs between two targets, tolerance.
        context: Device and other processes.
    """

    phase = "refine"

    def __init__(
        self, model: ClusterModel, images: CohortImages, settings: RefineSettings, context: Context
    ) -> None:
        self.weights = {"reconstruction": 1.0, "clustering": settings.clustering_weight}
        self.start = {name: value.clone() for name, value in model.state_dict().items()}
        self._model, self._images, self._settings = model, images, settings
        self._sync = context.sync
        self._target, self._clusters = torch.empty(0), torch.empty(0, dtype=torch.int64)

    def terms(self, rows: Tensor, inputs: Tensor, clean: Tensor) -> list[Tensor]:
        """Squared error and KL(p || q), each summed over the scans."""
        network, head = self._model.autoencoder, self._model.head
        last = network.activations(inputs, network.n_layers)
        reconstruction = network.decode(network.latent(last))
        log_assignment = head(self._model.features(last, network)).float()
        target = self._target[rows].to(log_assignment.device)
        # kl_div(log q, p) is KL(p || q): torch takes the arguments the other way round.
        divergence = functional.kl_div(log_assignment, target, reduction="sum")
        return [squared_error(reconstruction, clean), divergence]

    def before_epoch(self, epoch: int) -> Row | None:
        """Refresh the target when it is time; stop where clusters settle or die.

        The share of scans that changed cluster is that since the last refresh.
        """
        if (epoch - 1) % self._settings.refresh_every:
            return {"changed": None}
        surveyed = self.survey()
        soft_assignment = surveyed[1]
        clusters = soft_assignment.argmax(dim=1)
        changed = None
        if epoch > 1:
            changed = float((clusters != self._clusters).double().mean())
            if changed < self._settings.tolerance or standing(*surveyed).n_dead:
                return None
        self._target, self._clusters = target_distribution(soft_assignment), clusters
        return {"changed": changed}

    def survey(self) -> tuple[Tensor, Tensor, float]:
        """Features, soft assignment and mean squared error of the cohort as it is now."""
        network, head = self._model.autoencoder, self._model.head

        def look(batch: Tensor) -> list[Tensor]:
            last = network.activations(batch, network.n_layers)
            features = self._model.features(last, network)
            error = (network.decode(network.latent(last)) - batch).square().flatten(1).mean(dim=1)
            return [features, head(features).exp(), error]

        parts = Parts(self._settings.batch_size, [])
        encoded = encode_with(look, self._model, self._images, parts, self._sync.device)
        # GPUs round differently: targets, and who stops when, have to be the same in all processes.
        features, soft_assignment, error = map(self._sync.same, encoded)
        return features, soft_assignment, float(error.double().mean())

    def tensors(self) -> Tensors:
        """Target, clusters at the last refresh, and the weights to back out to."""
        mine = {"target": self._target, "clusters": self._clusters}
        return {**mine, **prefixed("start", self.start)}

    def restore(self, tensors: Tensors) -> None:
        """The inverse of `tensors`."""
        self._target, self._clusters = tensors["target"], tensors["clusters"]
        self.start = under("start", tensors)


def refine(
    model: ClusterModel,
    images: CohortImages,
    settings: RefineSettings,
    context: Context | None = None,
) -> Trained:
    """Train network and cluster centers together.

    A phase that ends with dead clusters, or worse than it started (silhouette,
    reconstruction, a loss beyond all numbers), is undone: the model gets its old weights
    back, and a note says so.

    Args:
        model: Pretrained network with centers from k-means; trained in place. To resume,
            a model of the same shape suffices.
        images: The cohort, standardised.
        settings: Epochs, weight of the clustering, refreshing, tolerance and seed.
        context: Checkpoint, callback, device and other processes.

    Returns:
        The history (epoch, phase, reconstruction, clustering, changed), notes, and whether
        it was undone.

    Raises:
        SettingsError: If a single scan does not fit into memory.
        StudyError: If a scan or the checkpoint cannot be used.
        AlignmentError: If the checkpoint's weights do not fit the model.

    Source:
        Guo et al. (2017), "Deep clustering with convolutional autoencoders", ICONIP;
        Ryan et al. (2022), J. Med. Imaging 9(2), section 2.2.
    """
    context = context or Context()
    objective = Clustering(model, images, settings, context)
    loop = Loop(model, images, objective, _as_training(settings), context)
    try:
        loop.run()
        reason = _keep_better(model, objective)
    except DivergedError:
        copy_into(model, objective.start)
        reason = "made the loss grow beyond all numbers"
    if reason is None:
        return Trained(loop.history, loop.notes)
    note = f"The clustering phase {reason}, so it was undone; the clusters are those before it."
    return Trained(loop.history, [*loop.notes, note], is_backed_out=True)


def _keep_better(model: ClusterModel, objective: Clustering) -> str | None:
    """Give the model its old weights where the new are worse; why, as a clause."""
    end = standing(*objective.survey())
    trained = {name: value.clone() for name, value in model.state_dict().items()}
    copy_into(model, objective.start)
    # Surveyed again, not remembered: a resumed phase knows the start by its weights alone.
    reason = complaint(standing(*objective.survey()), end)
    if reason is None:
        copy_into(model, trained)
    return reason


def _as_training(settings: RefineSettings) -> TrainSettings:
    """The clustering phase as the loop sees it: no noise, no shifts, a constant step size."""
    return TrainSettings(
        epochs=settings.epochs,
        batch_size=settings.batch_size,
        learning_rate=settings.learning_rate,
        schedule="constant",
        noise_sd=0,
        shift_voxels=0,
        seed=settings.seed,
    )
