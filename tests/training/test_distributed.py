"""Two processes under torchrun give what one gives."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from clam_core.settings import RefineSettings
from clam_core.study.atomic import write_bytes
from clam_core.training import CheckpointFile, Context, Sync, encode, open_sync, pretrain, refine
from tests.training.make import QUICK, images, network, state_of
from tests.training.test_refine import clustered

REFINE = RefineSettings(epochs=4, refresh_every=2, batch_size=5, learning_rate=1e-3, tolerance=0)


def test_one_process_shares_nothing(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with open_sync() as sync:
        assert type(sync) is Sync
        rows = torch.arange(5)
        assert sync.share(rows) is sync.add(rows) is sync.same(rows) is rows
        assert (sync.rank, sync.device) == (0, torch.device("cpu"))


def main(folder):
    """Both phases, on 11 scans in batches of 5: the last batch has one scan for two processes."""
    with open_sync() as sync:
        reports, cohort, auto = [], images(11), network()
        file = CheckpointFile(folder / f"pretrain-{sync.rank}.safetensors", write_bytes)
        pretrain(auto, cohort, QUICK, Context(file, on_epoch=reports.append, sync=sync))
        save_file(state_of(auto), folder / f"pretrained-{sync.rank}.safetensors")
        codes = encode(auto, cohort).latent
        centers = sync.same(torch.stack([codes[0::2].mean(dim=0), codes[1::2].mean(dim=0)]))
        model = clustered(state_of(auto), centers)
        found = refine(model, cohort, REFINE, Context(on_epoch=reports.append, sync=sync))
        losses = [row["reconstruction"] for row in found.history]
        extra = {"losses": torch.tensor(losses), "n_reports": torch.tensor(len(reports))}
        save_file(state_of(model) | extra, folder / f"refined-{sync.rank}.safetensors")


@pytest.mark.slow
def test_two_processes_equal_one(tmp_path):
    main(tmp_path)
    both = tmp_path / "both"
    both.mkdir()
    script = Path(tmp_path / "run.py")
    script.write_text(
        "import pathlib, sys\nfrom tests.training.test_distributed import main\n"
        "main(pathlib.Path(sys.argv[1]))\n"
    )
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": "."}
    done = subprocess.run(
        [*command, str(script), str(both)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    for phase in ("pretrained", "refined"):
        alone = load_file(tmp_path / f"{phase}-0.safetensors")
        first, second = (load_file(both / f"{phase}-{rank}.safetensors") for rank in (0, 1))
        reports = [found.pop("n_reports", None) for found in (alone, first, second)]
        if phase == "refined":
            assert [int(n) for n in reports] == [8, 8, 0]
        for name, value in alone.items():
            torch.testing.assert_close(first[name], value, rtol=1e-5, atol=1e-5)
            assert torch.equal(first[name], second[name])
    assert (both / "pretrain-0.safetensors").exists()
    assert not (both / "pretrain-1.safetensors").exists()
