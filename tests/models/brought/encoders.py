"""Tiny encoders, made and exported on the fly in both formats."""

import warnings
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn import functional

GRID = (16, 16, 16)


class Small(nn.Module):
    """Two convolutions and a code; everything goes through the last activations."""

    def __init__(self, n_codes=6, seed=0):
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.first, self.second = nn.Conv3d(1, 8, 3, 2, 1), nn.Conv3d(8, 16, 3, 2, 1)
            self.out = nn.Linear(16 * 64, n_codes)

    def seen(self, x):
        return functional.relu(self.second(functional.relu(self.first(x))))

    def forward(self, x):
        seen = self.seen(x)
        # Curved, so that a sum over few steps of a path is not exact by itself.
        return seen, torch.tanh(self.out(seen.flatten(1)) * 3)


class CodeOnly(Small):
    def forward(self, x):
        return self.out(self.seen(x).flatten(1))


class Beside(Small):
    """Half of the code goes past the activations that it returns."""

    def forward(self, x):
        seen = self.seen(x)
        return seen, self.out(seen.flatten(1)) + 5 * functional.avg_pool3d(x, 8).flatten(1)[:, :6]


class NoGradients(Small):
    def forward(self, x):
        seen = self.seen(x).detach()
        return seen, self.out(seen.flatten(1)).detach()


class Normalised(nn.Module):
    """Batch normalisation as in training: a code depends on the scans beside it."""

    def forward(self, x):
        pooled = functional.avg_pool3d(x, 8).flatten(1)
        return (pooled - pooled.mean()) / (pooled.std() + 1e-3)


class Dropping(nn.Module):
    def forward(self, x):
        return functional.dropout(functional.avg_pool3d(x, 8).flatten(1), 0.5, True)


class Whole(nn.Module):
    def forward(self, x):
        return (functional.avg_pool3d(x, 8).flatten(1) * 10).long()


class Holes(nn.Module):
    def forward(self, x):
        return functional.avg_pool3d(x, 8).flatten(1) * 0 / 0


class Same(nn.Module):
    def forward(self, x):
        return torch.ones(x.shape[0], 4)


class Tokens(nn.Module):
    def forward(self, x):
        tokens = functional.avg_pool3d(x, 4).flatten(2).transpose(1, 2)
        return tokens, tokens.mean(1)


class Swapped(Small):
    def forward(self, x):
        seen = self.seen(x)
        return self.out(seen.flatten(1)), seen


class Hanging(nn.Module):
    def forward(self, x):
        n = 1
        while n > 0:
            n = n % 1000 + 1
        return x.flatten(1) * n


class Hungry(nn.Module):
    def forward(self, x):
        # 2^40 numbers.
        return x.flatten(1)[:, :4] + torch.zeros(1 << 20, 1 << 20).sum()


class Crashing(nn.Module):
    def forward(self, x):
        return torch.as_strided(x, [1, 4], [1, 1], 1 << 45)


@contextmanager
def _old_ways():
    """TorchScript, which PyTorch calls deprecated but people have."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


def script(model, path):
    with _old_ways():
        torch.jit.script(model.eval()).save(str(path))
    return path


def program(model, path, n_scans=None, grid=GRID):
    """An exported program for any number of scans, or for a fixed one."""
    free = None if n_scans else ({0: torch.export.Dim("n", min=1, max=64)},)
    scans = torch.zeros(n_scans or 2, 1, *grid)
    torch.export.save(torch.export.export(model.eval(), (scans,), dynamic_shapes=free), str(path))
    return path
