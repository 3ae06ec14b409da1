"""Processes that are named for ever, and texts that Postgres can hold."""

from __future__ import annotations

import os
import subprocess
import sys

from db.birth import born
from db.storable import storable


def test_a_living_process_has_one_birth_and_a_dead_one_none() -> None:
    assert born(os.getpid()) == born(os.getpid())
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        assert born(process.pid) not in (None, born(os.getpid()))
    assert born(process.pid) is None


def test_only_what_cannot_be_stored_is_replaced_however_deep_it_lies() -> None:
    assert storable({"a\x00": ["x\ud800y", ("é🐎", 1, None, True)]}) == {
        "a\ufffd": ["x\ufffdy", ["é🐎", 1, None, True]]
    }
