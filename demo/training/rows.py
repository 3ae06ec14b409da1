"""A growing pool of training rows on the device: fresh rows are used first, then earlier ones again."""

import torch

from demo.training.shards import Arrays


class RowPool:
    """Hold rows of several columns; `take` returns a batch of each column."""

    def __init__(self, capacity: int, device: str) -> None:
        self.capacity = capacity
        self.device = device
        self.columns: dict[str, torch.Tensor] = {}
        self.filled = 0
        self.used = 0
        self.generator = torch.Generator().manual_seed(0)

    def add(self, shard: Arrays) -> None:
        """Append the rows of a shard; rows beyond the capacity are dropped."""
        arrays = {name: torch.from_numpy(array.astype(_signed(array.dtype.name))) for name, array in shard.items()}
        if not self.columns:
            for name, rows in arrays.items():
                shape = (self.capacity, *rows.shape[1:])
                self.columns[name] = torch.zeros(shape, dtype=rows.dtype, device=self.device)
        count = min(len(next(iter(arrays.values()))), self.capacity - self.filled)
        for name, rows in arrays.items():
            self.columns[name][self.filled : self.filled + count] = rows[:count].to(self.device)
        self.filled += count

    def take(self, count: int) -> dict[str, torch.Tensor]:
        """Return `count` rows that were not used yet, or a random sample when too few are left."""
        if self.used + count <= self.filled:
            chosen = torch.arange(self.used, self.used + count)
            self.used += count
        else:
            chosen = torch.randint(0, self.filled, (count,), generator=self.generator)
        chosen = chosen.to(self.device)
        return {name: column[chosen] for name, column in self.columns.items()}


def _signed(dtype: str) -> str:
    """torch has no 16-bit unsigned arithmetic; token ids fit into the signed type."""
    return {"uint16": "int16"}.get(dtype, dtype)
