"""`run`: every step in one command, for pictures as for scans."""

import numpy as np
from PIL import Image
from typer.testing import CliRunner

from clam_core.__main__ import app
from clam_core.study import Run, Study


def test_a_folder_of_pictures_needs_no_grid(tmp_path):
    (tmp_path / "in").mkdir()
    rng = np.random.default_rng(0)
    for number in range(8):
        picture = rng.integers(0, 60, (24, 24)) + 150 * (number % 2)
        Image.fromarray(picture.astype(np.uint8)).save(tmp_path / "in" / f"p{number}.png")
    command = ["run", str(tmp_path / "s"), "--scans", str(tmp_path / "in"), "--preset", "fast"]
    refused = CliRunner().invoke(app, [*command, "--grid", "16,16,8"])
    assert refused.exit_code == 2
    assert "The grid has 3 axes, and the study's scans have 2" in refused.output
    done = CliRunner().invoke(app, [*command, "--grid", "16"])
    assert done.exit_code == 0, done.output
    study = Study(tmp_path / "s")
    assert study.info.prepared.settings.grid == (16, 16)
    assert Run(study, "default").is_fitted
