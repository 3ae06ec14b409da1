"""A pool of training rows on the device: fresh rows are used first, then earlier ones again."""

import torch


class RowPool:
    """Hold the latest rows of several columns; `take` returns a batch of each column."""

    def __init__(self, capacity: int, device: str) -> None:
        self.capacity = capacity
        self.device = device
        self.columns: dict[str, torch.Tensor] = {}
        self.added = 0
        self.used = 0
        self.generator = torch.Generator(device).manual_seed(0)

    def has_room(self, count: int) -> bool:
        """Tell whether `count` rows fit without replacing one that was never used."""
        return self.added + count - self.used <= self.capacity

    def add(self, shard: dict[str, torch.Tensor]) -> None:
        """Add the rows of a shard in place of the oldest once the pool is full."""
        count = len(next(iter(shard.values())))
        places = torch.arange(self.added, self.added + count, device=self.device) % self.capacity
        for name, rows in shard.items():
            if name not in self.columns:
                shape = (self.capacity, *rows.shape[1:])
                self.columns[name] = torch.zeros(shape, dtype=rows.dtype, device=self.device)
            self.columns[name][places] = rows.to(self.device, non_blocking=True)
        self.added += count

    def take(self, count: int) -> dict[str, torch.Tensor]:
        """Return `count` rows that were not used yet, or a random sample when too few are left."""
        if self.used + count <= self.added:
            chosen = torch.arange(self.used, self.used + count, device=self.device) % self.capacity
            self.used += count
        else:
            filled = min(self.added, self.capacity)
            chosen = torch.randint(0, filled, (count,), generator=self.generator, device=self.device)
        return {name: column[chosen] for name, column in self.columns.items()}
