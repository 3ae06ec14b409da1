"""A server is warm when two passes in a row agree, and only then."""

from __future__ import annotations

from dataclasses import replace

from evals.duel.settings import ServingSettings
from evals.duel.stopping import deciding
from evals.duel.warming import agree, is_hopeless, is_warm
from tests.unit.evals.duel.examples import a_pass, faulty

METRICS = deciding(ServingSettings())
SLOW, QUICK, NEAR = (a_pass("candidate", -1, ttft=ttft) for ttft in (300.0, 100.0, 105.0))
CUT_OFF = replace(faulty(SLOW, 64), values={})


def test_the_last_two_must_agree() -> None:
    assert not is_warm([], METRICS)
    assert not is_warm([QUICK], METRICS)
    assert not is_warm([QUICK, NEAR, SLOW], METRICS)
    assert is_warm([SLOW, QUICK, NEAR], METRICS)
    assert not is_warm([SLOW, a_pass("candidate", -2, ttft=300.0, rate=100.0)], METRICS)


def test_passes_that_broke_or_were_cut_off_agree_about_nothing() -> None:
    assert not is_warm([CUT_OFF], METRICS)
    assert not is_warm([CUT_OFF, CUT_OFF], METRICS)
    assert not is_warm([faulty(QUICK, 40), faulty(NEAR, 40)], METRICS)
    assert not agree(replace(QUICK, values={}), replace(NEAR, values={}), METRICS)
    assert is_hopeless([QUICK, CUT_OFF])
    assert not is_hopeless([CUT_OFF, faulty(QUICK, 3)])
    assert not is_hopeless([])
