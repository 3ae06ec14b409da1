"""Heat strips: a row for each prompt, a column for some of its positions, darker where two servers differ more."""

from __future__ import annotations

from collections.abc import Sequence

from evals.formatting import nats, one_line, plural
from evals.parity.strips import Strip
from evals.render.plots.svg import element, group, label, picture

SHOWN = 40
_WIDTH, _LEFT, _RIGHT, _TOP, _ROW = 760.0, 190.0, 600.0, 58.0, 16.0
LIMITS = (1e-6, 1e-4, 1e-2, 1.0)
"""Where one shade ends and the next begins, in nats."""

_WORDS = ("< 1e-6", "< 1e-4", "< 0.01", "< 1", "≥ 1 nat")


def shade(gap: float | None) -> int | None:
    """Return which of the five shades a difference in nats has, 0 to 4; None for an unknown one."""
    return None if gap is None else sum(gap >= limit for limit in LIMITS)


def heat_plot(workload: str, strips: Sequence[Strip], names: tuple[str, str]) -> str:
    """Return the strips of the prompts that differ most, as SVG; the numbers beside them say the same in words."""
    shown = strips[:SHOWN]
    height = _TOP + _ROW * len(shown) + 34
    told = "; ".join(f"{one.prompt}: at most {nats(one.worst)} at position {one.worst_at:,}" for one in shown[:10])
    title = f"{one_line(workload, 24)}: how far log-probabilities lie apart, {names[0]} against {names[1]}"
    parts = [
        *_legend(),
        *(part for row, strip in enumerate(shown) for part in _row(strip, _TOP + row * _ROW)),
        label(_LEFT, height - 12, "first position", kind="quiet"),
        label(_RIGHT, height - 12, "last position", anchor="end", kind="quiet"),
    ]
    return picture(
        parts,
        name=f"{workload}/heat",
        title=title,
        description=f"{plural(len(shown), 'prompt')}, the worst first. {told}.",
        width=_WIDTH,
        height=height,
        class_="plot heat",
    )


def _legend() -> list[str]:
    parts = []
    for place, text in enumerate(_WORDS):
        x = _LEFT + 84 * place
        parts += [element("rect", class_=f"h{place}", x=x, y=36, width=14, height=12), label(x + 19, 46, text)]
    return [*parts, label(14, 46, "nats, by shade:", kind="quiet")]


def _row(strip: Strip, y: float) -> list[str]:
    width = (_RIGHT - _LEFT) / len(strip.columns)
    cells = []
    begin = 0
    shades = [shade(gap) for gap in strip.columns]
    for place in range(1, len(shades) + 1):
        if place < len(shades) and shades[place] == shades[begin]:
            continue
        held = shades[begin]
        if held is not None:
            x, wide = _LEFT + begin * width, (place - begin) * width
            cells.append(element("rect", class_=f"h{held}", x=x, y=y, width=wide, height=_ROW - 3))
        begin = place
    return [
        label(_LEFT - 8, y + 11, one_line(strip.prompt, 26), anchor="end", kind="quiet"),
        group(cells),
        label(_RIGHT + 8, y + 11, f"max {nats(strip.worst)}", kind="quiet"),
    ]
