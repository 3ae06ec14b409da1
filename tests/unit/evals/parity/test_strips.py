"""Positions of two servers beside each other: the largest difference of each column, the worst prompt first."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from evals.parity.records import Mode, Observation, Record, Scored
from evals.parity.strips import COLUMNS, strips_of
from evals.render.plots.heat import heat_plot, shade

NAMES = ("right", "left")


def record(prompt: str, logprobs: list[float]) -> Record:
    n = len(logprobs)
    scored = Scored(
        token_ids=tuple(range(1, n + 1)),
        logprobs=tuple(logprobs),
        top_ids=((1,),) * n,
        top_logprobs=((-0.1,),) * n,
    )
    empty = Scored(token_ids=(), logprobs=(), top_ids=(), top_logprobs=())
    return Record(
        prompt=prompt,
        mode=Mode.ALONE,
        prompt_ids=tuple(range(n + 1)),
        start=1,
        prefill=scored,
        decode=empty,
        text="",
        finish_reason=None,
    )


def heard(**prompts: list[float]) -> Observation:
    return Observation(records=tuple(record(name, values) for name, values in prompts.items()))


def test_the_prompt_that_differs_most_comes_first_with_its_worst_position() -> None:
    ours = heard(a=[-1.0, -2.0, -3.0], b=[-1.0, -2.0, -3.0])
    theirs = heard(a=[-1.0, -2.0, -3.0], b=[-1.0, -2.5, -3.25])
    found = strips_of(ours, theirs, NAMES)
    assert [one.prompt for one in found.strips] == ["b", "a"]
    worst = found.strips[0]
    assert (worst.columns, worst.worst, worst.worst_at, worst.first) == ((0.0, 0.5, 0.25), 0.5, 2, 1)
    assert worst.median == 0.25
    assert found.reasons == ()


def test_a_long_prompt_has_columns_that_keep_their_largest() -> None:
    theirs = [-1.0] * 1000
    theirs[777] = -3.0
    (strip,) = strips_of(heard(a=[-1.0] * 1000), heard(a=theirs), NAMES).strips
    assert len(strip.columns) == COLUMNS
    assert strip.columns[777 * COLUMNS // 1000] == 2.0
    assert sum(gap == 0 for gap in strip.columns) == COLUMNS - 1


def test_what_is_not_finite_is_left_blank_and_unequal_prompts_are_told() -> None:
    (strip,) = strips_of(heard(a=[-1.0, float("-inf")]), heard(a=[-1.0, -2.0]), NAMES).strips
    assert strip.columns == (0.0, None)
    found = strips_of(heard(a=[-1.0]), heard(a=[-1.0, -2.0]), NAMES)
    assert (found.strips, len(found.reasons)) == ((), 1)
    assert "different tokens" in found.reasons[0]
    assert strips_of(heard(), heard(), NAMES).reasons == ("no prompt was put to both",)


@pytest.mark.parametrize(("gap", "dark"), [(0.0, 0), (1e-6, 1), (0.005, 2), (0.5, 3), (4.0, 4), (None, None)])
def test_shades_follow_the_size(gap: float | None, dark: int | None) -> None:
    assert shade(gap) == dark


def test_the_picture_says_in_words_what_it_shows() -> None:
    found = strips_of(heard(**{"x<y": [-1.0, -2.0]}), heard(**{"x<y": [-1.0, -2.5]}), NAMES)
    svg = heat_plot("parity", found.strips, NAMES)
    root = ET.fromstring(svg)
    told = root.find("{http://www.w3.org/2000/svg}desc")
    assert told is not None
    assert "x<y: at most 0.5 nats at position 2" in (told.text or "")
    assert 'class="h3"' in svg
