"""Elements of SVG as text; everything that comes from outside is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from html import escape

from evals.formatting import one_line

Point = tuple[float, float]
Attribute = str | float | None


def element(name: str, *children: str, **attributes: Attribute) -> str:
    """Return an element; children are SVG already, `stroke_width=2` becomes stroke-width, None is left out."""
    inside = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_value(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{inside}>{''.join(children)}</{name}>" if children else f"<{name}{inside}/>"


def words(text: str, limit: int = 200) -> str:
    """Return foreign text as content of an element: one line without anything that XML forbids or reads as markup."""
    return escape(one_line(text, limit))


def label(x: float, y: float, text: str, *, anchor: str = "start", kind: str = "words", **attributes: Attribute) -> str:
    """Return a text at a place; kind: "words" or "quiet"."""
    fill = "#1e1d1a" if kind == "words" else "#5c584f"
    drawn: dict[str, Attribute] = {"text_anchor": anchor, "font_size": 12, **attributes}
    return element("text", words(text, 120), class_=kind, x=x, y=y, fill=fill, **drawn)


def picture(
    children: Iterable[str],
    *,
    name: str,
    title: str,
    description: str,
    width: float,
    height: float,
    class_: str = "plot",
) -> str:
    """Return a whole picture: paper, the title, what it holds, and a description for those who do not see it.

    name: tells it from others on the same page. title, description: foreign text.
    """
    # Several pictures stand on one page, where names of elements must differ.
    mark = sha256(name.encode("utf-8", "replace")).hexdigest()[:10]
    return element(
        "svg",
        element("title", words(title), id=f"t{mark}"),
        element("desc", words(description, 1500), id=f"d{mark}"),
        element("rect", class_="paper", width=width, height=height, rx=6, fill="#ffffff"),
        label(14, 24, title, font_size=14, font_weight="600"),
        *children,
        xmlns="http://www.w3.org/2000/svg",
        class_=class_,
        viewBox=f"0 0 {width:.0f} {height:.0f}",
        width=width,
        height=height,
        role="img",
        aria_labelledby=f"t{mark} d{mark}",
        font_family="system-ui, 'Segoe UI', Roboto, 'Noto Sans', sans-serif",
    )


def line(points: Iterable[Point], **attributes: Attribute) -> str:
    """Return a polyline without filling."""
    place = " ".join(f"{_number(x)},{_number(y)}" for x, y in points)
    return element("polyline", points=place, fill="none", **attributes)


def straight(begin: Point, end: Point, **attributes: Attribute) -> str:
    """Return a straight line."""
    return element("line", x1=begin[0], y1=begin[1], x2=end[0], y2=end[1], **attributes)


def group(children: Sequence[str], **attributes: Attribute) -> str:
    """Return elements that belong together; "" when there are none."""
    return element("g", *children, **attributes) if children else ""


def _value(value: Attribute) -> str:
    return _number(value) if isinstance(value, int | float) else escape(str(value))


def _number(value: float) -> str:
    text = f"{value:.1f}"
    return text.removesuffix(".0") if text != "-0.0" else "0"
