"""Few scans of nothing but noise: whatever the confidence, the caution stands beside it."""

from dataclasses import replace

import numpy as np
import pytest

from clam_core.pipeline.method.fit import fit
from clam_core.pipeline.output.report import report
from clam_core.report import ReportSettings
from tests.pipeline.simulated import QUICK, cohort, study_of


def noise(n_scans, draw):
    """A cohort whose scans are independent draws of one distribution."""
    found = cohort(n_per_group=2)
    rng = np.random.default_rng(n_scans)
    volumes = draw(rng, (n_scans, *found.volumes.shape[1:])).astype(np.int16)
    return replace(found, volumes=volumes, masks=None, lesions=None, groups=np.zeros(n_scans, int))


DRAWS = {
    "white": lambda rng, shape: rng.normal(-700, 200, shape),
    "flat": lambda rng, shape: rng.integers(-1000, 400, shape),
    "heavy": lambda rng, shape: np.clip(-700 + 80 * rng.standard_t(2, shape), -1024, 3000),
}


@pytest.mark.parametrize(("n_scans", "draw"), [(3, "white"), (5, "flat"), (19, "heavy")])
def test_noise_in_few_scans_is_cautioned_about(tmp_path, n_scans, draw):
    study = study_of(tmp_path / "study", noise(n_scans, DRAWS[draw]), failed=0)
    said = " ".join(fit(study, "r", QUICK).sentences)
    caution = f"{n_scans} scans are too few to judge clusters"
    assert "mean confidence" in said
    assert caution in said
    report(study, "r", tmp_path / "report.html", ReportSettings())
    assert caution in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_twenty_scans_are_judged_by_the_rest(tmp_path):
    study = study_of(tmp_path / "study", noise(20, DRAWS["white"]), failed=0)
    assert "too few to judge" not in " ".join(fit(study, "r", QUICK).sentences)
