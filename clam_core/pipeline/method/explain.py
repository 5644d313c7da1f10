"""The map of one scan on demand: any cluster, any kind of map, with what was measured of it."""

from __future__ import annotations

import functools
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from clam_core.errors import MissingStepError, StudyError
from clam_core.localization import (
    ActivationMaps,
    FaithfulnessSettings,
    Reference,
    add_backdrop,
    hold_against,
    make_maps,
    make_reference,
    map_layer,
    map_shares,
    measure_faithfulness,
    next_cluster,
    peak_place,
)
from clam_core.models import ClusterModel
from clam_core.models.brought.encoder import CalledEncoder
from clam_core.pipeline.brought.needs_network import maps_of_run, require_maps
from clam_core.pipeline.current import check_current
from clam_core.pipeline.map_settings import asked_of_all, stored_settings
from clam_core.pipeline.method.fit import source_of
from clam_core.pipeline.method.weights import load_model, load_reference
from clam_core.settings import LocalizeSettings
from clam_core.study import Run, Study
from clam_core.study.stamp import fit_stamp
from clam_core.training import CohortImages, ScanSource
from clam_core.training.images import MEMORY_BYTES

KEPT_RUNS, KEPT_MAPS = 2, 64


@dataclass(frozen=True, eq=False)
class Explanation:
    """A map and what was measured of it.

    Attributes:
        signed: Values on the grid, shape of the grid; negative where a voxel speaks
            against the cluster, for variants that have a sign.
        nodes: The same before upsampling, at the layer's own size, or None.
        line: As in the run's table of maps.
    """

    signed: NDArray[np.float32]
    nodes: NDArray[np.float32] | None
    line: dict[str, Any]


class ExplainedCohort:
    """A model and the scans that it was fitted on; keeps the medians that maps need.

    Args:
        model: From standardised images to cluster probabilities.
        images: The scans.
        clusters: Cluster of each scan, from 0.
    """

    def __init__(
        self, model: ClusterModel, images: CohortImages, clusters: NDArray[np.int64]
    ) -> None:
        self.model, self.images, self.clusters = model, images, clusters
        self.is_hu = images.source.unit == "HU"
        self.is_brought = isinstance(model.autoencoder, CalledEncoder)
        self.batches = images.in_batches(8)
        self._medians: dict[tuple[int, int], Reference] = {}
        self._references: dict[str, Reference] = {}

    def remember(self, reference: Reference, settings: LocalizeSettings) -> None:
        """Use medians, and the backdrop with them, that were made before."""
        self._medians[reference.layer, settings.seed] = replace(reference, backdrop={})
        if reference.backdrop:
            self._references[self._key(settings)] = reference

    def reference(self, settings: LocalizeSettings) -> Reference:
        """The cohort's medians for maps of these settings, with the backdrop they need."""
        # Medians do not depend on the target, the backdrop does: they are kept apart.
        place = (map_layer(self.model, settings), settings.seed)
        if place not in self._medians:
            self._medians[place] = make_reference(self.model, self.batches, *place)
        if settings.variant != "integrated":
            return self._medians[place]
        key = self._key(settings)
        if key not in self._references:
            self._references[key] = add_backdrop(
                self.model,
                self._medians[place],
                self.batches,
                self.clusters,
                asked_of_all(settings),
            )
        return self._references[key]

    def maps(self, rows: list[int], settings: LocalizeSettings) -> ActivationMaps:
        """Maps of some scans; what the default map spreads outside the masks is cut off."""
        images = self.images.batch(torch.tensor(rows))
        masks = [self.images.source.read(row)[1] for row in rows]
        return self._maps(images, masks, settings, self.clusters[rows])

    def _maps(
        self,
        images: torch.Tensor,
        masks: list[NDArray[np.bool_] | None],
        settings: LocalizeSettings,
        clusters: NDArray[np.int64] | None,
    ) -> ActivationMaps:
        made = make_maps(self.model, images, settings, self.reference(settings), clusters)
        inside = [mask for mask in masks if mask is not None]
        if (self.is_brought or settings.variant == "integrated") and len(inside) == len(images):
            return made.within(np.stack(inside))
        return made

    def _key(self, settings: LocalizeSettings) -> str:
        asked = asked_of_all(settings).model_copy(update={"layer": map_layer(self.model, settings)})
        return asked.model_dump_json()

    def explain(
        self,
        row: int,
        settings: LocalizeSettings,
        of_random: NDArray[np.float32] | None = None,
    ) -> Explanation:
        """The map of one scan, put to the test; `of_random` is that by random weights."""
        scan = self.images.source.read(row)
        return self._explain(self._image(scan), scan, settings, self.clusters[[row]], of_random)

    def explain_new(
        self,
        volume: NDArray[np.int16],
        mask: NDArray[np.bool_] | None,
        settings: LocalizeSettings,
    ) -> Explanation:
        """The map of a scan that the run does not know; its own cluster is the likeliest one."""
        return self._explain(self._image((volume, mask)), (volume, mask), settings, None)

    def _image(self, scan: tuple[NDArray[np.int16], NDArray[np.bool_] | None]) -> torch.Tensor:
        """One scan, read already, as input of the network."""
        source = ScanSource(lambda _: scan, 1, scan[0].shape)
        return CohortImages(source, self.images.scale).batch(torch.tensor([0]))

    def _explain(
        self,
        image: torch.Tensor,
        scan: tuple[NDArray[np.int16], NDArray[np.bool_] | None],
        settings: LocalizeSettings,
        clusters: NDArray[np.int64] | None,
        of_random: NDArray[np.float32] | None = None,
    ) -> Explanation:
        volume, mask = scan
        made = self._maps(image, [mask], settings, clusters)
        shares = map_shares(made.raw[0], mask, volume if self.is_hu else None)
        masks = None if mask is None else mask[None]
        plain = measure_faithfulness(
            self.model,
            image,
            made,
            self.reference(settings),
            FaithfulnessSettings(seed=settings.seed),
            masks,
        )
        other = None
        if int(made.other[0]) < 0:  # one rather than another has its own negative as reverse
            then = next_cluster(self.model, image, int(made.cluster[0])) + 1
            asked = settings.model_copy(update={"target": then})
            other = self._maps(image, [mask], asked, None).raw
        tested = hold_against(plain, made.raw, masks, other=other, random=of_random)[0]
        positive = made.positive[0]
        peak = np.unravel_index(int(positive.argmax()), positive.shape)
        place = peak_place(positive, mask)
        line = {
            "explained": int(made.cluster[0]) + 1,
            "rather_than": int(made.other[0]) + 1,
            "completeness": _number(made.completeness[0]),
            "raw_low": float(positive.min()),
            "raw_high": float(positive.max()),
            "peak": [int(index) for index in peak],
            "zones": shares.zones,
            "bands": shares.bands,
            "sentence": shares.sentence,
            **({} if place is None else asdict(place)),
            **{name: _plain(value) for name, value in tested.as_dict().items()},
        }
        return Explanation(made.raw[0], None if made.nodes is None else made.nodes[0], line)


class FittedCohort(ExplainedCohort):
    """A run of a study and its scans, ready to be explained."""

    def __init__(self, study: Study, run: Run, memory_bytes: int = MEMORY_BYTES) -> None:
        self.table = run.scans()
        model, scale = load_model(run)
        source = source_of(study, [str(scan_id) for scan_id in self.table.index])
        images = CohortImages(source, scale, memory_bytes)
        super().__init__(model, images, self.table["cluster"].to_numpy() - 1)


def explain_scan(
    study: Study, run: Run, scan_id: str, settings: LocalizeSettings | None = None
) -> Explanation:
    """Make the map of one scan of a run; nothing is stored in the study.

    The model, the medians and the last maps stay in memory until the run changes.

    Args:
        study: The study.
        run: A fitted run of it.
        scan_id: A scan that the run was fitted on.
        settings: Kind of map, and for which cluster; None is the default map of the
            scan's own cluster.

    Returns:
        The signed map, its nodes, and what was measured of it.

    Raises:
        MissingStepError: If the run has not been fitted.
        NoNetworkError: If it groups numbers of a table.
        StaleRunError: If it was fitted on other volumes.
        StudyError: If the scan is not part of the run.
        SettingsError: If the run has no such cluster or layer.
    """
    require_maps(run)
    check_current(study, run)
    wanted = maps_of_run(run, settings or LocalizeSettings()).model_dump_json()
    return _explained(study.folder, run.name, fit_stamp(run), scan_id, wanted)


@functools.lru_cache(maxsize=KEPT_MAPS)
def _explained(folder: Path, name: str, stamp: str, scan_id: str, settings: str) -> Explanation:
    # Arguments of both caches are plain, and `stamp` changes with the fit: no old map is given.
    cohort = fitted_cohort(folder, name, stamp)
    rows = cohort.table.index.tolist()
    if scan_id not in rows:
        raise StudyError(f"The run has no scan {scan_id!r}; choose scans that it was fitted on.")
    return cohort.explain(rows.index(scan_id), LocalizeSettings.model_validate_json(settings))


@functools.lru_cache(maxsize=KEPT_RUNS)
def fitted_cohort(folder: Path, name: str, stamp: str) -> FittedCohort:  # noqa: ARG001
    """A run that stays in memory; `stamp` tells one fit from the next under the same name."""
    study = Study(folder)
    run = Run(study, name)
    cohort = FittedCohort(study, run)
    localized = run.info().localized
    if localized is not None:
        try:
            cohort.remember(load_reference(run), stored_settings(localized["settings"]))
        except (MissingStepError, StudyError):
            # Medians only save time; where the stored ones are damaged they are made again.
            return cohort
    return cohort


def explain_task(
    folder: str, name: str, scan_id: str, settings: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, NDArray[np.generic]]]:
    """`explain_scan` for a process that speaks JSON and arrays.

    Args:
        folder: Of the study.
        name: Of the run.
        scan_id: A scan of the run.
        settings: Values of `LocalizeSettings`.

    Returns:
        The line, and the arrays `signed` and, where there are any, `nodes`.
    """
    study = Study(Path(folder))
    explained = explain_scan(study, Run(study, name), scan_id, stored_settings(settings))
    arrays: dict[str, NDArray[np.generic]] = {"signed": explained.signed}
    if explained.nodes is not None:
        arrays["nodes"] = explained.nodes
    return explained.line, arrays


def _plain(value: Any) -> Any:  # noqa: ANN401
    return bool(value) if isinstance(value, bool | np.bool_) else float(value)


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
