"""Killed and resumed equals unbroken, bit for bit; what does not fit is refused."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch

from clam_core.errors import AlignmentError, StudyError
from clam_core.models import borrowed as borrow
from clam_core.settings import ScaleSettings
from clam_core.study.atomic import write_bytes
from clam_core.training import (
    CheckpointFile,
    CohortImages,
    Context,
    fit_input_scale,
    pretrain,
)
from tests.training.make import QUICK, images, network, source, state_of, volumes

SETTINGS = QUICK.model_copy(update={"epochs": 6, "weight_decay": 0.01})


class Killed(BaseException):
    pass


def kill_after(epoch):
    def on_epoch(report):
        if report.row["epoch"] == epoch:
            raise Killed

    return on_epoch


def file_in(folder, name="checkpoint.safetensors"):
    return CheckpointFile(folder / name, write_bytes)


@pytest.mark.parametrize("layout", ["first", "last"])
@pytest.mark.parametrize("killed", [(1,), (3, 5), (2, 3, 4), (6,)])
def test_resumed_equals_unbroken_bit_for_bit(tmp_path, killed, layout, monkeypatch):
    if layout == "last":
        monkeypatch.setattr(borrow, "MANY_VOXELS", 0)
    whole = network()
    expected = pretrain(whole, images(), SETTINGS).history
    for epoch in killed:
        context = Context(file_in(tmp_path), resume=True, on_epoch=kill_after(epoch))
        with pytest.raises(Killed):
            pretrain(network(), images(), SETTINGS, context)
    model = network(seed=9)
    context = Context(file_in(tmp_path), resume=True)
    assert pretrain(model, images(memory_bytes=0), SETTINGS, context).history == expected
    for name, value in state_of(whole).items():
        assert torch.equal(value, model.state_dict()[name])


def test_a_finished_phase_is_not_repeated_and_a_fresh_start_ignores_the_file(tmp_path):
    file = file_in(tmp_path)
    first = pretrain(network(), images(), SETTINGS, Context(file)).history
    reports = []
    done = Context(file, resume=True, on_epoch=reports.append)
    assert pretrain(network(), images(), SETTINGS, done).history == first
    assert reports == []
    fresh = Context(file, on_epoch=reports.append)
    assert pretrain(network(), images(), SETTINGS, fresh).history == first
    assert len(reports) == 6


def test_an_early_stop_stays_one_when_resumed(tmp_path):
    still = {"learning_rate": 1e-12, "noise_sd": 0.0, "shift_voxels": 0, "patience": 2}
    settings = SETTINGS.model_copy(update=still)
    context = Context(file_in(tmp_path), resume=True)
    assert len(pretrain(network(), images(), settings, context).history) == 3
    assert len(pretrain(network(), images(), settings, context).history) == 3


def stopped(folder, **changes):
    context = Context(file_in(folder), on_epoch=kill_after(2))
    with pytest.raises(Killed):
        pretrain(network(), images(), SETTINGS, context)
    settings = SETTINGS.model_copy(update=changes)
    return settings, Context(file_in(folder), resume=True)


def test_other_settings_scans_or_networks_are_refused(tmp_path):
    settings, context = stopped(tmp_path, batch_size=7)
    with pytest.raises(StudyError, match="made with batch_size 5, not 7; resume with the same"):
        pretrain(network(), images(), settings, context)
    with pytest.raises(StudyError, match="number of scans 12, not 11"):
        pretrain(network(), images(11), SETTINGS, context)
    with pytest.raises(StudyError, match="made with mean of the input"):
        pretrain(network(), images(seed=1), SETTINGS, context)
    other = network(seed=3)
    wider = other.to_latent = torch.nn.Linear(other.to_latent.in_features, 7)
    before = wider.weight.clone()
    with pytest.raises(AlignmentError, match=r"'to_latent.weight' has the shape \(6, 512\) inste"):
        pretrain(other, images(), SETTINGS, context)
    assert torch.equal(wider.weight, before)
    del other.to_latent
    with pytest.raises(AlignmentError, match="'to_latent.bias' is only in one of them"):
        pretrain(other, images(), SETTINGS, context)


@pytest.mark.parametrize("damage", ["cut", "text", "state"])
def test_a_damaged_checkpoint_is_refused_in_a_sentence(tmp_path, damage):
    _, context = stopped(tmp_path)
    path = context.checkpoint.path
    content = path.read_bytes()
    changed = {
        "cut": content[: len(content) // 2],
        "text": b"not a checkpoint",
        "state": content.replace(b'\\"format\\": 1', b'\\"format\\": 7'),
    }
    assert changed[damage] != content
    path.write_bytes(changed[damage])
    with pytest.raises(StudyError, match="'checkpoint.safetensors' is damaged or of another ver"):
        pretrain(network(), images(), SETTINGS, context)


def test_a_full_disk_keeps_the_last_checkpoint(tmp_path):
    file = file_in(tmp_path)
    n_written = []

    def write(path, content):
        if len(n_written) == 2:
            raise StudyError("the disk is full")
        n_written.append(1)
        write_bytes(path, content)

    full = Context(CheckpointFile(file.path, write))
    with pytest.raises(StudyError, match="full"):
        pretrain(network(), images(), SETTINGS, full)
    assert len(file.load()[1]["history"]) == 2
    resumed = pretrain(network(), images(), SETTINGS, Context(file, resume=True))
    assert resumed.history == pretrain(network(), images(), SETTINGS).history


def main(path, epochs):
    """Train in a process of its own, slowly enough to be killed."""
    made = source(volumes(12))
    cohort = CohortImages(made, fit_input_scale(made, ScaleSettings()))
    settings = SETTINGS.model_copy(update={"epochs": int(epochs)})
    pause = Context(
        CheckpointFile(path, write_bytes), resume=True, on_epoch=lambda _: time.sleep(0.05)
    )
    history = pretrain(network(), cohort, settings, pause).history
    path.with_suffix(".json").write_text(json.dumps(history))


@pytest.mark.slow
def test_kill_9_at_random_moments_changes_nothing(tmp_path):
    rng = np.random.default_rng(0)
    command = [sys.executable, "-c", "import sys, pathlib; from tests.training.test_resume import "
               "main; main(pathlib.Path(sys.argv[1]), sys.argv[2])"]  # fmt: skip
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": "."}
    whole, broken = tmp_path / "whole.safetensors", tmp_path / "broken.safetensors"
    subprocess.run([*command, str(whole), "60"], env=environment, check=True)
    n_killed = 0
    for _ in range(12):
        child = subprocess.Popen([*command, str(broken), "60"], env=environment)
        was = broken.stat().st_mtime_ns if broken.exists() else 0
        while child.poll() is None and (not broken.exists() or broken.stat().st_mtime_ns == was):
            time.sleep(0.005)
        time.sleep(rng.uniform(0, 0.3))
        if child.poll() is not None:
            break
        child.send_signal(signal.SIGKILL)
        child.wait()
        n_killed += 1
    subprocess.run([*command, str(broken), "60"], env=environment, check=True)
    assert n_killed >= 5
    assert broken.read_bytes() == whole.read_bytes()
    assert broken.with_suffix(".json").read_text() == whole.with_suffix(".json").read_text()
