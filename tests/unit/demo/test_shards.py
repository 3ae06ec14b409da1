"""Shard makers hand over rows in order, and none waits while its shard is the next one."""

import time
from pathlib import Path

import numpy as np

from demo.training.shards import MAX_WAITING, Arrays, ShardMakers


def test_shards_arrive_in_index_order_with_signed_token_ids() -> None:
    with ShardMakers(lambda index: {"ids": np.array([index], np.uint16)}, workers=2, name="order") as makers:
        arrived: list[Arrays] = []
        while len(arrived) < 5:
            arrived += list(makers.ready(5 - len(arrived)))
            time.sleep(0.01)
    assert [int(shard["ids"][0]) for shard in arrived] == list(range(5))
    assert {shard["ids"].dtype for shard in arrived} == {np.dtype(np.int16)}


def test_the_maker_of_the_next_shard_never_waits_for_later_ones(tmp_path: Path) -> None:
    makers = ShardMakers(lambda index: {}, workers=1)
    makers.folder = tmp_path
    for index in range(1, MAX_WAITING + 5):
        (tmp_path / f"{index:06d}.npz").touch()
    (tmp_path / "unfinished_0.npz").touch()
    assert makers._waiting_before(0) == 0
    assert makers._waiting_before(MAX_WAITING + 5) > MAX_WAITING
