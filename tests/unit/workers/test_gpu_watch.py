"""What samples of a GPU amount to; the reading of real ones is in tests/gpu."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from workers import gpu_watch
from workers.gpu_watch import Sample, blurred, use_of, watching

SAMPLE = Sample(
    sm_clock_mhz=1980.0, power_w=600.0, utilisation=0.9, memory_mib=70_000.0, temperature_c=60.0, pids=frozenset({10})
)
NAN = float("nan")


def test_a_pass_is_summed_up_over_its_samples() -> None:
    slow = replace(SAMPLE, sm_clock_mhz=1200.0, power_w=300.0, utilisation=0.6, memory_mib=71_000.0, temperature_c=81.0)
    use = use_of("GPU-1", "H200", [SAMPLE, SAMPLE, slow], frozenset({10}))
    assert (use.uuid, use.name, use.samples) == ("GPU-1", "H200", 3)
    assert use.sm_clock_mhz == (1200.0, 1980.0, 1980.0)
    assert use.power_w == (500.0, 600.0)
    assert math.isclose(use.utilisation, 0.8)
    assert (use.memory_mib, use.temperature_c) == (71_000.0, 81.0)
    assert (use.throttled, use.strangers) == ((), ())


def test_one_throttled_sample_and_one_look_at_a_stranger_are_enough() -> None:
    hot = replace(SAMPLE, throttled=frozenset({"too hot (hardware)", "power brake"}), pids=frozenset({10, 77, 11}))
    use = use_of("GPU-1", "H200", [SAMPLE, hot], frozenset({10, 11}))
    assert use.throttled == ("power brake", "too hot (hardware)")
    assert use.strangers == (77,)


def test_where_our_own_engine_is_not_to_be_seen_nobody_is_called_a_stranger() -> None:
    use = use_of("GPU-1", "H200", [replace(SAMPLE, pids=frozenset({4_000_001}))], frozenset({10}))
    assert use.strangers == ()


def test_what_a_gpu_does_not_tell_is_not_a_number_and_leaves_the_rest_as_it_is() -> None:
    use = use_of(
        "GPU-1", "GB10", [replace(SAMPLE, power_w=NAN, memory_mib=NAN), replace(SAMPLE, memory_mib=NAN)], frozenset()
    )
    assert use.power_w == (600.0, 600.0)
    assert math.isnan(use.memory_mib)


def test_without_gpus_there_is_nothing_to_tell() -> None:
    with watching(()) as told:
        assert told() == ()
    with watching(("GPU-that-is-not-here",)) as told:
        assert told() == ()


def test_where_no_process_of_ours_is_to_be_seen_it_is_said_that_others_cannot_be_told_apart() -> None:
    assert blurred("H200", [SAMPLE, replace(SAMPLE, pids=frozenset())], frozenset({10})) is None
    for unseen in ({4_000_001}, set()):
        words = blurred("H200", [replace(SAMPLE, pids=frozenset(unseen))], frozenset({10}))
        assert words is not None
        assert "(H200) cannot be told apart" in words


def test_who_watches_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu_watch, "_handles", lambda uuids: dict.fromkeys(uuids))
    monkeypatch.setattr(gpu_watch, "look", lambda handle: replace(SAMPLE, pids=frozenset({4_000_001})))
    monkeypatch.setattr(gpu_watch, "_name", lambda handle: "H200")
    monkeypatch.setattr("pynvml.nvmlShutdown", lambda: None)
    said: dict[str, None] = {}
    with watching(("GPU-1",), said.setdefault) as told:
        while not told():
            pass
        assert [use.strangers for use in told()] == [()]
    assert len(said) == 1
    assert "cannot be told apart" in next(iter(said))
