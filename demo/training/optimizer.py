"""Muon for matrices and AdamW for the rest, with one trapezoid schedule."""

import torch

WARM_UP_STEPS = 100
DECAY_SHARE = 0.45
NEWTON_SCHULZ = (3.4445, -4.775, 2.0315)


class Muon:
    """Momentum whose update is made near-orthogonal by Newton-Schulz steps.

    Source: K. Jordan, Muon (2024), with its coefficients. Matrices of one shape are updated in one batch.
    """

    def __init__(self, matrices: list[torch.nn.Parameter], rate: float, momentum: float = 0.95) -> None:
        self.rate, self.momentum = rate, momentum
        self.groups: dict[tuple[int, ...], list[torch.nn.Parameter]] = {}
        for matrix in matrices:
            self.groups.setdefault(tuple(matrix.shape), []).append(matrix)
        self.buffers = {
            shape: torch.zeros((len(group), *shape), device=group[0].device) for shape, group in self.groups.items()
        }

    @torch.no_grad()
    def step(self, scale: float) -> None:
        """Update every matrix at `scale` times the rate."""
        for (rows, columns), group in self.groups.items():
            gradient = torch.stack([matrix.grad for matrix in group]).float()
            buffer = self.buffers[rows, columns]
            buffer.lerp_(gradient, 1 - self.momentum)
            update = orthogonalized(gradient.lerp(buffer, self.momentum))
            rate = self.rate * scale * max(1.0, rows / columns) ** 0.5
            torch._foreach_add_(group, list(update.unbind(0)), alpha=-rate)


def orthogonalized(batch: torch.Tensor) -> torch.Tensor:
    """Return a batch of matrices with all singular values brought near 1 by five Newton-Schulz steps."""
    tall = batch.shape[1] > batch.shape[2]
    x = batch.mT if tall else batch
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    x = x.bfloat16() if x.is_cuda else x
    a, b, c = NEWTON_SCHULZ
    for _ in range(5):
        gram = x @ x.mT
        x = a * x + (b * gram + c * (gram @ gram)) @ x
    return (x.mT if tall else x).float()


class Optimizer:
    """Step Muon and AdamW together; AdamW's parameters are clipped to a gradient norm of 1."""

    def __init__(self, muon: Muon, adam_groups: list[dict[str, object]], adam_rate: float) -> None:
        self.muon = muon
        self.clipped = [parameter for group in adam_groups for parameter in group["params"]]
        fused = self.clipped[0].is_cuda
        self.adam = torch.optim.AdamW(adam_groups, lr=adam_rate, betas=(0.9, 0.95), weight_decay=0.0, fused=fused)
        self.adam_rate = adam_rate

    def step(self, step: int, steps: int) -> None:
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


def schedule(step: int, steps: int) -> float:
    """Return the rate's factor: a linear warm-up, a plateau, and a linear decay over the last 45 %."""
    return min(1.0, (step + 1) / WARM_UP_STEPS) * min(1.0, (1 - step / steps) / DECAY_SHARE)
