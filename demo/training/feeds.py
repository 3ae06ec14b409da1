"""Rows on their way from the shard makers to the device, read by a thread so that training never waits for a file."""

import queue
import threading
import time

import torch

from demo.training.rows import RowPool
from demo.training.shards import Arrays, ShardMakers

WAITING_SHARDS = 8
POLL_SECONDS = 0.01


class Feed:
    """A pool of rows that its makers renew; start it after the device is in use, not before."""

    def __init__(self, makers: ShardMakers, shard_rows: int, capacity: int, device: str) -> None:
        self.makers = makers
        self.shard_rows = shard_rows
        self.pool = RowPool(capacity, device)
        self.device = device
        self.waiting: queue.Queue[dict[str, torch.Tensor] | BaseException] = queue.Queue(WAITING_SHARDS)
        threading.Thread(target=self._read, daemon=True).start()

    def refill(self, at_least: int = 0) -> None:
        """Add the shards that are ready; wait until `at_least` rows were added in all."""
        while self.pool.has_room(self.shard_rows):
            try:
                shard = self.waiting.get(block=self.pool.added < at_least)
            except queue.Empty:
                return
            if isinstance(shard, BaseException):
                raise shard
            self.pool.add(shard)

    def _read(self) -> None:
        try:
            while True:
                for shard in self.makers.ready(1):
                    self.waiting.put(self._tensors(shard))
                time.sleep(POLL_SECONDS)
        except (OSError, RuntimeError, ValueError) as error:  # handed to the trainer
            self.waiting.put(error)

    def _tensors(self, shard: Arrays) -> dict[str, torch.Tensor]:
        """Copy a shard into memory that the device can read while the trainer goes on."""
        tensors = {name: torch.from_numpy(array) for name, array in shard.items()}
        if self.device == "cpu":
            return tensors
        return {name: tensor.pin_memory() for name, tensor in tensors.items()}
