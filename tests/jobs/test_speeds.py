"""The time that a run takes, from the last one on this machine."""

import json

import pytest

from clam_core.jobs.speeds import SPEEDS, Speed, Stopwatch, keep_speed, last_speed
from tests.pipeline.simulated import cohort, study_of


def watched(first_pass=1):
    """Started at 100: 10 passes of 2 s, 4 maps of 3 s, and 40 s of other things."""
    watch = Stopwatch(begun=100.0)
    for number in range(first_pass, 11):
        watch.note("Training", number, 10, 110.0 + 2 * number)
    for number in range(5):
        watch.note("Making maps", number, 4, 150.0 + 3 * number)
    return watch


def test_a_speed_by_hand():
    speed = watched().speed(voxels=2_000_000, ended=172.0)
    assert speed == Speed(passes=10, training=1.0, maps=6.0, rest=40.0)
    assert speed.seconds(2_000_000) == 72  # what it took
    assert speed.seconds(4_000_000) == 40 + 2 * 20 + 2 * 12
    assert speed.seconds(2_000_000, passes=20) == 40 + 40 + 12


def test_the_rest_of_an_interrupted_run_tells_nothing():
    assert watched(first_pass=6).speed(2_000_000, 172.0) is None
    assert Stopwatch(0.0).speed(2_000_000, 10.0) is None
    assert watched().speed(0, 172.0) is None


def test_it_is_kept_by_preset_and_damage_is_no_speed(tmp_path):
    (tmp_path / ".jobs").mkdir()
    study = study_of(tmp_path / "one", cohort())
    keep_speed(tmp_path, study.folder, "fast", watched(), 172.0)
    keep_speed(tmp_path, study.folder, "paper", watched(), 200.0)
    keep_speed(tmp_path, tmp_path / "none", "default", watched(), 200.0)
    kept = last_speed(tmp_path, "fast")
    assert kept.rest == pytest.approx(40)
    assert last_speed(tmp_path, "paper").rest == pytest.approx(68)
    assert last_speed(tmp_path, "default") is None
    prepared = study.info.prepared
    n_voxels = prepared.n_ready * 16**3
    assert kept.seconds(n_voxels) == pytest.approx(72)
    for damage in ("{", "[]", json.dumps({"fast": {"passes": 1}})):
        (tmp_path / ".jobs" / SPEEDS).write_text(damage)
        assert last_speed(tmp_path, "fast") is None
