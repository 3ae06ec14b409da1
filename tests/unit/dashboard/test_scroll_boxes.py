"""Every box that scrolls sideways can be reached and named, in the templates as they stand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TEMPLATES = sorted((Path(__file__).resolve().parents[3] / "dashboard" / "templates").glob("*.html"))
_BOX = re.compile(r'<div class="[^"]*\bscroll\b[^>]*>')


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_a_box_that_scrolls_is_reached_by_keyboard_and_has_a_name(template: Path) -> None:
    boxes = _BOX.findall(template.read_text())
    assert [box for box in boxes if not re.search(r'tabindex="0" role="region" aria-label="[^"]+"', box)] == []


def test_there_are_such_boxes() -> None:
    assert sum(len(_BOX.findall(template.read_text())) for template in TEMPLATES) > 20


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_the_class_of_tick_boxes_is_on_labels_alone(template: Path) -> None:
    # It lays its content out in a row: on a `details` that pushed parity's tables out of the page.
    assert re.findall(r'<(?!label\b)\w+ class="check"', template.read_text()) == []
