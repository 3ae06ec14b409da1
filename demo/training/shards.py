"""Training rows made by background processes, handed over through files in index order."""

import multiprocessing
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Arrays = dict[str, npt.NDArray[Any]]
MAX_WAITING = 60  # shards on disk before the makers pause


class ShardMakers:
    """Run `make(index)` in several processes; use as a context manager."""

    def __init__(self, make: Callable[[int], Arrays], workers: int, name: str = "text") -> None:
        self.make = make
        self.workers = workers
        self.next_index = 0
        self.folder = Path(tempfile.gettempdir()) / f"demo_shards_{name}_{os.getpid()}"
        self.processes: list[Any] = []

    def __enter__(self) -> "ShardMakers":
        """Start the makers by fork: enter before anything touches CUDA."""
        self.folder.mkdir()
        context = multiprocessing.get_context("fork")
        self.processes = [context.Process(target=self._work, args=(i,), daemon=True) for i in range(self.workers)]
        for process in self.processes:
            process.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the makers and remove what they left."""
        for process in self.processes:
            process.terminate()
            process.join()
        shutil.rmtree(self.folder)

    def ready(self, at_most: int = 8) -> Iterator[Arrays]:
        """Yield up to `at_most` finished shards, in index order, without waiting."""
        for _ in range(at_most):
            path = self._path(self.next_index)
            if not path.exists():
                if not any(process.is_alive() for process in self.processes):
                    raise RuntimeError("every shard maker has died: see its traceback above")
                return
            with np.load(path) as arrays:
                shard = {name: _signed(array) for name, array in arrays.items()}
            path.unlink()
            self.next_index += 1
            yield shard

    def _waiting_before(self, index: int) -> int:
        """Count only shards that are wanted before this one: the maker of the next shard must never wait."""
        return sum(path.stem.isdigit() and int(path.stem) < index for path in self.folder.iterdir())

    def _path(self, index: int) -> Path:
        return self.folder / f"{index:06d}.npz"

    def _work(self, first: int) -> None:
        os.environ["TOKENIZERS_PARALLELISM"] = "false"
        os.nice(10)  # the trainer launches kernels from one core and must not wait for its turn
        index = first
        while True:
            while self._waiting_before(index) > MAX_WAITING:
                time.sleep(0.2)
            unfinished = self.folder / f"unfinished_{first}.npz"
            np.savez(unfinished, **self.make(index))
            unfinished.rename(self._path(index))
            index += self.workers


def _signed(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """torch has no 16-bit unsigned arithmetic; token ids fit into the signed type."""
    return array.astype(np.int16) if array.dtype == np.uint16 else array
