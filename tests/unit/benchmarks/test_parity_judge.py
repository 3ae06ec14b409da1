"""The simulation of the judge of parity, in small."""

from __future__ import annotations

import numpy as np

from benchmarks.parity_judge import FAULTS, LENGTHS, SHAPES, draw, verdicts

RUNS = 15


def test_the_prompts_are_as_many_as_a_parity_workload_asks() -> None:
    found = draw(SHAPES["as measured"], np.random.default_rng(1))
    assert len(found.prompts) == sum(map(len, LENGTHS.values()))
    assert 60 <= len(found.prompts) <= 90
    assert found.floor is not None
    assert 0.8 < np.median(found.error) / np.median(found.floor) < 1.25


def test_a_correct_model_passes_and_a_fault_in_five_prompts_fails() -> None:
    shape = SHAPES["as measured"]
    assert verdicts(shape, FAULTS["none"], RUNS, fixed=False)["pass"] == 1.0
    assert verdicts(shape, FAULTS["10 times in digits (5 prompts)"], RUNS, fixed=False)["fail"] == 1.0
