"""The plots: well-formed, readable by those who do not see them, and the same bytes every time."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from itertools import pairwise
from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.duel.results import BASELINE, CANDIDATE, Curve
from evals.render.plots import plots_of
from evals.render.plots.axis import axis_over, tick_words
from evals.render.plots.drawing import BOTTOM, COLOURS, HEIGHT, LEFT, RIGHT, TOP, WIDTH
from tests.unit.evals.serving_examples import EXAMPLES, empty, hostile, serving_pass, twenty_levels, without_gpu

SVG = "{http://www.w3.org/2000/svg}"
VALUES = st.floats(min_value=1e-6, max_value=1e12)


def drawn(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)


def kinds(svg: str, kind: str) -> list[ElementTree.Element]:
    return [one for one in drawn(svg).iter() if kind in one.get("class", "").split()]


def numbers(root: ElementTree.Element) -> list[float]:
    names = {"x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "width", "height", "points"}
    found = [value for one in root.iter() for name, value in one.attrib.items() if name in names]
    return [float(number) for value in found for number in value.replace(",", " ").split()]


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_every_plot_is_well_formed_described_and_inside_its_frame(name: str) -> None:
    results = EXAMPLES[name]().serving
    plots = [plot for result in results for plot in plots_of(result)]
    assert [plot.svg for result in results for plot in plots_of(result)] == [plot.svg for plot in plots]
    assert len({plot.name for plot in plots}) == len(plots)
    for plot in plots:
        root = drawn(plot.svg)
        assert {one.tag.removeprefix(SVG) for one in root.iter()} <= {
            "svg", "title", "desc", "g", "rect", "line", "polyline", "circle", "text",
        }  # fmt: skip
        named = [one.get("id") for one in root if one.tag in (f"{SVG}title", f"{SVG}desc")]
        assert root.get("aria-labelledby", "").split() == named
        assert root.get("role") == "img"
        assert all(isfinite(number) for number in numbers(root))
        assert re.fullmatch(r"[a-z0-9_-]+", plot.name)
        for one in kinds(plot.svg, "point"):
            x, y = (float(one.get(key) or one.get(key[1])) for key in ("cx", "cy"))  # type: ignore[arg-type]
            assert 0 <= x <= WIDTH
            assert 0 <= y <= HEIGHT


def test_ids_differ_between_all_plots_of_a_page() -> None:
    found = [*plots_of(serving_pass()), *plots_of(replace(serving_pass(), workload="another"))]
    ids = re.findall(r' id="([^"]+)"', "".join(plot.svg for plot in found))
    assert len(ids) == len(set(ids)) == 2 * len(found)


def test_no_data_gives_no_plot_and_a_single_value_a_point() -> None:
    assert plots_of(empty()) == ()
    curves = (
        Curve(name="ttft_ms", level=8, side=CANDIDATE, values=(41.5,)),
        Curve(name="ttft_ms", level=8, side=BASELINE, values=(float("nan"),)),
        Curve(name="itl_ms", level=8, side=CANDIDATE, values=()),
    )
    (plot,) = plots_of(replace(empty(), curves=curves))
    legend_and_data = kinds(plot.svg, "point")
    assert len(legend_and_data) == 2
    assert legend_and_data[0].get("cy") == f"{TOP:.0f}"
    assert len(kinds(plot.svg, "line")) == 1  # the legend's
    assert "candidate 41.50 ms" in plot.description.replace(":", "")


def test_one_round_gives_a_point_and_no_interval() -> None:
    found = serving_pass()
    ratio = replace(found.ratios[0], rounds=(0.93,), low=None, high=None, value=0.93)
    (plot,) = plots_of(replace(empty(), ratios=(ratio,)))
    assert len(kinds(plot.svg, "point")) == 1
    assert kinds(plot.svg, "band") == []
    assert "0.930 ×, no interval over 1 round, must keep ≤ 1.05" in plot.svg


def test_a_latency_is_drawn_as_the_share_at_or_below_it() -> None:
    values = tuple(float(value) for value in range(100, 201))
    (plot,) = plots_of(replace(empty(), curves=(Curve(name="e2e_ms", level=4, side=CANDIDATE, values=values),)))
    points = [tuple(map(float, point.split(","))) for point in kinds(plot.svg, "line")[0].attrib["points"].split()]
    assert len(points) == 101
    assert points[0][1] == BOTTOM
    assert points[-1][1] == TOP
    assert points[50] == pytest.approx(((points[0][0] + points[-1][0]) / 2, (TOP + BOTTOM) / 2), abs=0.2)
    assert all(after[0] > before[0] for before, after in pairwise(points))
    assert "p50 150.0, p90 190.0, p99 199.0 ms" in plot.description
    assert "logarithmic" not in plot.svg


def test_a_wide_spread_asks_for_a_logarithmic_axis() -> None:
    wide = tuple(10.0 * 1.08**share for share in range(101))
    (plot,) = plots_of(replace(empty(), curves=(Curve(name="itl_ms", level=4, side=CANDIDATE, values=wide),)))
    assert "ITL, ms, logarithmic" in plot.svg
    with_zero = (0.0, *wide[1:])
    (plot,) = plots_of(replace(empty(), curves=(Curve(name="itl_ms", level=4, side=CANDIDATE, values=with_zero),)))
    assert "logarithmic" not in plot.svg


def test_throughput_is_drawn_over_the_levels_of_both_sides() -> None:
    (plot,) = (plot for plot in plots_of(serving_pass()) if plot.kind == "throughput")
    assert len(kinds(plot.svg, "point")) == 2 * 3 + 2
    assert len(kinds(plot.svg, "span")) == 2 * 3
    assert "at 8 in flight candidate 583.2 tokens/s, baseline 540.0 tokens/s" in plot.description
    marks = [one.text for one in kinds(plot.svg, "quiet")]
    assert {"1", "8", "32"} <= set(marks)
    assert not any(plot.kind == "throughput" for plot in plots_of(without_gpu()))


def test_twenty_levels_write_no_mark_over_another() -> None:
    (plot,) = (plot for plot in plots_of(twenty_levels()) if plot.kind == "throughput")
    below = [one for one in kinds(plot.svg, "quiet") if one.get("y") == f"{BOTTOM + 18:.0f}"]
    places = sorted(float(one.attrib["x"]) for one in below)
    assert 3 <= len(places) < 20
    assert all(after - before >= 34 for before, after in pairwise(places))


def test_the_forbidden_side_of_a_limit_is_above_for_a_latency_and_below_for_a_rate() -> None:
    plots = {plot.name: plot.svg for plot in plots_of(serving_pass())}
    for name, above in (("ratio-ttft_p50-8", True), ("ratio-output_tokens_per_s-8", False)):
        (worse,), (limit,) = kinds(plots[name], "worse"), kinds(plots[name], "limit")
        top, height = float(worse.attrib["y"]), float(worse.attrib["height"])
        assert float(limit.attrib["y1"]) == pytest.approx(top + height if above else top, abs=0.11)
        assert height > 0
    (band,) = kinds(plots["ratio-ttft_p50-8"], "band")
    (line, *_) = kinds(plots["ratio-ttft_p50-8"], "candidate")
    assert float(band.attrib["y"]) < float(line.attrib["y1"]) < float(band.attrib["y"]) + float(band.attrib["height"])


def test_hostile_names_stay_text() -> None:
    plots = plots_of(hostile())
    assert len(plots) >= 7
    for plot in plots:
        assert "<script" not in plot.svg
        assert "\x1b" not in plot.svg
        assert drawn(plot.svg).findtext(f"{SVG}title", "").startswith("</title><script>")


@pytest.mark.parametrize("colour", COLOURS.values())
def test_lines_are_told_from_the_paper(colour: str) -> None:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    assert 1.05 / (luminance + 0.05) >= 4.5


@given(st.lists(VALUES, min_size=1, max_size=8), st.booleans())
def test_an_axis_holds_its_values_and_marks_itself(values: list[float], zero: bool) -> None:
    axis = axis_over(values, LEFT, RIGHT, zero=zero)
    places = [axis.place(value) for value in sorted(values)]
    assert places == sorted(places)
    assert all(LEFT <= place <= RIGHT for place in places)
    ticks = axis.ticks()
    assert 2 <= len(ticks) <= 10
    assert all(axis.low <= tick <= axis.high or tick == pytest.approx(axis.low) for tick in ticks)


def test_values_that_are_all_but_equal_leave_room_on_their_axis() -> None:
    axis = axis_over([1e9, 1e9 + 2e-7], LEFT, RIGHT)
    assert LEFT < axis.place(1e9) < RIGHT
    assert len(axis.ticks()) >= 2


@pytest.mark.parametrize(
    ("value", "words"), [(0, "0"), (0.95, "0.95"), (12_500.0, "12,500"), (2e9, "2e+09"), (0.5, "0.5")]
)
def test_marks_are_short(value: float, words: str) -> None:
    assert tick_words(value) == words
