"""Muon for matrices and AdamW for the rest, with one trapezoid schedule."""

import math
from collections import defaultdict
from collections.abc import Sequence

import torch

WARM_UP_STEPS = 100
DECAY_SHARE = 0.45
ADAM_BETAS = (0.9, 0.95)
NEWTON_SCHULZ = (3.4445, -4.775, 2.0315)
NEWTON_SCHULZ_STEPS = 5
TINY = 1e-7


class Muon:
    """Momentum whose update is made near-orthogonal by Newton-Schulz steps.

    Source: K. Jordan, Muon (2024), with its coefficients. Matrices of one shape go through the steps together.
    """

    def __init__(
        self, matrices: list[torch.nn.Parameter], rate: float, momentum: float = 0.95, decay: float = 0.0
    ) -> None:
        self.rate, self.momentum, self.decay = rate, momentum, decay
        self.groups: dict[tuple[int, int], list[torch.nn.Parameter]] = defaultdict(list)
        for matrix in matrices:
            rows, columns = matrix.shape
            self.groups[rows, columns].append(matrix)
        self.averages = {shape: torch.zeros_like(_gathered(group)) for shape, group in self.groups.items()}

    @torch.no_grad()
    def step(self, scale: float) -> None:
        """Update every matrix at `scale` times the rate."""
        for shape in self.groups:
            group = self.groups[shape]
            gradients = _gathered([matrix.grad for matrix in group])
            average = self.averages[shape]
            average += (1 - self.momentum) * (gradients - average)
            ahead = gradients + self.momentum * (average - gradients)  # Nesterov's look ahead
            tallness = math.sqrt(max(1.0, shape[0] / shape[1]))
            torch._foreach_mul_(group, 1 - self.decay * self.rate * scale)
            changes = orthogonalized(ahead).unbind()
            torch._foreach_add_(group, changes, alpha=-self.rate * scale * tallness)


def orthogonalized(batch: torch.Tensor) -> torch.Tensor:
    """Return a batch of matrices with all singular values brought near 1 by five Newton-Schulz steps."""
    rows, columns = batch.shape[-2:]
    if rows > columns:
        return orthogonalized(batch.mT).mT
    size = torch.linalg.matrix_norm(batch, keepdim=True)
    wide = (batch / (size + TINY)).to(torch.bfloat16 if batch.is_cuda else batch.dtype)
    a, b, c = NEWTON_SCHULZ
    for _ in range(NEWTON_SCHULZ_STEPS):
        gram = wide @ wide.mT
        wide = a * wide + (b * gram + c * (gram @ gram)) @ wide
    return wide.float()


def _gathered(matrices: Sequence[torch.Tensor]) -> torch.Tensor:
    return torch.stack(list(matrices)).float()


class Optimizer:
    """Step Muon and AdamW together; AdamW's parameters are clipped to a gradient norm of 1."""

    def __init__(self, muon: Muon, adam_groups: list[dict[str, object]], adam_rate: float) -> None:
        self.muon = muon
        self.clipped = [parameter for group in adam_groups for parameter in group["params"]]
        fused = self.clipped[0].is_cuda
        self.adam = torch.optim.AdamW(adam_groups, adam_rate, betas=ADAM_BETAS, weight_decay=0.0, fused=fused)
        self.adam_rate = adam_rate

    def step(self, step: float, steps: int) -> None:
        """Take step number `step` of `steps` and clear the gradients."""
        scale = schedule(step, steps)
        torch.nn.utils.clip_grad_norm_(self.clipped, 1.0)
        for group in self.adam.param_groups:
            group["lr"] = self.adam_rate * scale
        self.muon.step(scale)
        self.adam.step()
        for matrices in self.muon.groups.values():
            for matrix in matrices:
                matrix.grad = None
        self.adam.zero_grad(set_to_none=True)


def schedule(step: float, steps: int) -> float:
    """Return the rate's factor: a ramp up, a plateau, and a ramp down to 0 in the last DECAY_SHARE."""
    return min(1.0, (step + 1) / WARM_UP_STEPS) * min(1.0, (1 - step / steps) / DECAY_SHARE)
