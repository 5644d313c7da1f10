"""Encoders from elsewhere, called in their process: what they may return, what they may cost."""

import numpy as np
import pytest
import torch

from clam_core.errors import EncoderError, SettingsError
from clam_core.models.brought.encoder import CalledEncoder
from clam_core.settings.encoder_limits import EncoderLimits
from tests.models.brought import encoders as made
from tests.models.brought.encoders import GRID, program, script

TIGHT = EncoderLimits(base_seconds=3, memory_bytes=6 << 30)
SCANS = torch.rand(2, 1, *GRID, generator=torch.Generator().manual_seed(0))


def called(path, limits=TIGHT, grid=GRID):
    return CalledEncoder(path, grid, path.name, limits=limits)


def tried(path, **more):
    encoder = called(path, **more)
    try:
        return encoder.try_out(torch.rand(2, 1, *encoder.grid))
    finally:
        encoder.close()


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return script(made.Small(), tmp_path_factory.mktemp("made") / "small.pt")


def test_codes_come_back_as_the_module_gives_them(small):
    encoder = called(small)
    assert encoder.try_out(SCANS) == {
        "kind": "torchscript",
        "n_codes": 6,
        "layer": [16, 4, 4, 4],
        "at_once": 8,
        "why": "",
    }
    with torch.no_grad():
        torch.testing.assert_close(encoder.latent(SCANS), made.Small().eval()(SCANS)[1])
    with pytest.raises(SettingsError, match="no decoder"):
        encoder.decode(SCANS)
    encoder.close()


def test_the_other_process_loads_no_code_into_this_one(small):
    encoder = called(small)
    encoder.latent(SCANS)
    assert encoder._pool is not None
    encoder.close()
    assert encoder._pool is None


def test_nodes_add_up_along_any_path(small):
    """A line integral: the same sum as by autograd of the module itself, node by node."""
    encoder = called(small)
    start, end = SCANS[:1], SCANS[1:]
    n_steps, model = 128, made.Small().eval()
    weights = torch.randn(6, generator=torch.Generator().manual_seed(1))
    found = encoder.nodes(start, end, weights.repeat(n_steps + 1, 1))
    encoder.close()
    change = float(((model(end)[1] - model(start)[1]) @ weights).detach())
    assert float(found.sum()) == pytest.approx(change, rel=0.01)
    # Written anew: midpoints in place of trapezoids.
    expected = torch.zeros(4, 4, 4)
    for step in range(n_steps):
        low, middle, high = (start + (end - start) * (step + s) / n_steps for s in (0, 0.5, 1))
        seen = model.seen(middle).detach().requires_grad_()
        code = torch.tanh(model.out(seen.flatten(1)) * 3)
        (gradient,) = torch.autograd.grad((code @ weights).sum(), seen)
        with torch.no_grad():
            expected += (gradient * (model.seen(high) - model.seen(low))).sum(dim=1)[0]
    torch.testing.assert_close(found, expected, rtol=0.02, atol=0.02 * float(expected.abs().max()))


@pytest.mark.parametrize(
    ("model", "why"),
    [
        (made.CodeOnly(), "it returns a code without activations"),
        (made.Beside(), "of a change of the code, which has other sources beside them"),
        (made.NoGradients(), "it lets no gradients through"),
    ],
)
@pytest.mark.parametrize("save", [script, program], ids=["script", "export"])
def test_activations_that_cannot_be_followed_are_told(tmp_path, model, why, save):
    assert why in tried(save(model, tmp_path / "e.pt2"))["why"]


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (made.Normalised(), "another code when other scans are beside it"),
        (made.Dropping(), "another code each time"),
        (made.Whole(), "numbers of type torch.int64; they have to be float32"),
        (made.Holes(), "codes that are not finite numbers"),
        (made.Tokens(), r"activations of shape \(1, 64, 1\) for 1 scans of 3 axes"),
        (made.Swapped(), r"returns the shape \(1, 6\) and \(1, 16, 4, 4, 4\) for 1 scan; it has"),
    ],
)
def test_an_encoder_of_another_kind_is_one_sentence(tmp_path, model, said):
    with pytest.raises(EncoderError, match=said) as found:
        tried(script(model, tmp_path / "e.pt"))
    assert str(found.value).startswith("The encoder 'e.pt' ")


def test_one_scan_at_a_time_is_enough(tmp_path):
    path = program(made.Small(), tmp_path / "one.pt2", n_scans=1)
    assert tried(path)["at_once"] == 1
    encoder = called(path)
    encoder.try_out(SCANS)
    with torch.no_grad():
        torch.testing.assert_close(encoder.latent(SCANS), made.Small().eval()(SCANS)[1])
    encoder.close()


def test_another_number_of_scans_is_one_sentence(tmp_path):
    with pytest.raises(
        EncoderError, match=r"cannot take scans of this study, float32 of shape \(1"
    ):
        tried(program(made.Small(), tmp_path / "four.pt2", n_scans=4))


@pytest.mark.parametrize("save", [script, program], ids=["script", "export"])
def test_another_grid_is_one_sentence(tmp_path, save):
    said = r"cannot take scans of this study, float32 of shape \(1, 1, 24, 24, 24\) \(.*--grid"
    with pytest.raises(EncoderError, match=said):
        tried(save(made.Small(), tmp_path / "grid.pt2"), grid=(24, 24, 24))


def test_a_program_that_hangs_is_ended(tmp_path):
    with pytest.raises(EncoderError, match=r"took more than the \d+ s of processor time"):
        tried(
            script(made.Hanging(), tmp_path / "h.pt"),
            limits=EncoderLimits(base_seconds=1, bytes_per_second=1e7),
        )


def test_a_program_that_wants_all_memory_is_told(tmp_path):
    with pytest.raises(EncoderError, match="cannot take scans|needs more than the 6 GiB"):
        tried(script(made.Hungry(), tmp_path / "m.pt"))


def test_a_program_that_crashes_takes_its_process_only(tmp_path, small):
    with pytest.raises(EncoderError, match="made its process stop|cannot take scans"):
        tried(script(made.Crashing(), tmp_path / "c.pt"))
    assert tried(small)["n_codes"] == 6


def test_a_code_that_is_too_long_is_told(small):
    with pytest.raises(EncoderError, match="codes of 6 numbers; at most 5 can be grouped"):
        tried(small, limits=TIGHT.model_copy(update={"n_codes": 5}))


def test_pictures_have_two_axes(tmp_path):
    class Flat(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.seen = torch.nn.Conv2d(1, 4, 3, 2, 1)

        def forward(self, x):
            seen = torch.relu(self.seen(x))
            return seen, seen.mean((2, 3))

    encoder = called(script(Flat(), tmp_path / "f.pt"), grid=(20, 12))
    scans = torch.rand(2, 1, 20, 12)
    assert encoder.try_out(scans)["layer"] == [4, 10, 6]
    assert np.isfinite(encoder.latent(scans).numpy()).all()
    encoder.close()
