"""An item becomes one line of JSON; its pictures become files that the line refers to."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from evals.errors import DatasetError
from evals.sgl_eval.items import item_line, pictures_of

PNG = b"\x89PNG\r\n"
SHA256 = hashlib.sha256(PNG).hexdigest()


def test_pictures_are_taken_out_and_referred_to_by_their_hash() -> None:
    item = {"id": "a", "options": ["x"], "image_1": {"bytes": PNG, "path": "a.png"}, "image_2": None}
    assert json.loads(item_line(item, doc_id=0)) == {
        "id": "a", "options": ["x"], "image_1": {"picture": SHA256}, "image_2": None,
    }  # fmt: skip
    assert list(pictures_of(item)) == [(SHA256, PNG)]


def test_an_item_is_one_line_whatever_its_texts_contain() -> None:
    item = {"question": "a\nb\u2028c\x00\ud800", "answer": "#### 1"}
    line = item_line(item, doc_id=0)
    assert len(line.splitlines()) == 1
    assert json.loads(line) == item


@pytest.mark.parametrize("value", [b"raw", object(), {1, 2}])
def test_an_item_that_is_no_json_is_named_by_its_number(value: Any) -> None:
    with pytest.raises(DatasetError, match="item 7 "):
        item_line({"question": value}, doc_id=7)
