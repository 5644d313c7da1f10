"""Presets: settings that belong together."""

from __future__ import annotations

from clam_core.settings import (
    FitMethod,
    FitSettings,
    NetworkSettings,
    Preset,
    RefineSettings,
    ScaleSettings,
    TrainSettings,
)


def preset_settings(
    preset: Preset,
    n_clusters: int,
    method: FitMethod = "auto",
    epochs: int | None = None,
    seed: int = 0,
    *,
    is_true_size: bool = False,
) -> FitSettings:
    """Settings of a preset.

    Args:
        preset: `default` is what is measured best, `fast` trains less than half as long,
            `paper` is the paper's network, training and clustering.
        n_clusters: Number of clusters.
        method: Overrides the preset's method unless it is `auto`.
        epochs: Overrides the preset's epochs of pretraining.
        seed: Everything random follows from it.
        is_true_size: The grid has one voxel size for all scans, so that the size of a
            mask tells something: its surroundings become air and HU stay absolute.
            Otherwise masks only bring the scans into one space.

    Returns:
        The settings.

    Source:
        `paper`: Ryan et al. (2022), J. Med. Imaging 9(2), sections 2.2 and 3.
    """
    if preset == "paper":
        return FitSettings(
            method="dcec" if method in {"auto", "latent"} else method,
            n_clusters=n_clusters,
            network=NetworkSettings(n_latent=60),
            scale=ScaleSettings(align_brightness=False, trim_rim=False),
            train=TrainSettings(
                epochs=100 if epochs is None else epochs,
                schedule="constant",
                noise_sd=0,
                shift_voxels=0,
                seed=seed,
            ),
            refine=RefineSettings(),
            kernel="unit",
            seed=seed,
        )
    scale = ScaleSettings()
    if is_true_size:
        scale = ScaleSettings(background="air", align_brightness=False, trim_rim=False)
    usual = 8 if preset == "fast" else 20
    return FitSettings(
        method=method,
        n_clusters=n_clusters,
        scale=scale,
        # On crops of true size (nodules of LIDC) smoothing did harm: decision 0015.
        smooth=1 if is_true_size else 3,
        train=TrainSettings(epochs=usual if epochs is None else epochs, seed=seed),
        seed=seed,
    )
