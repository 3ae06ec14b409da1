"""Chats with pictures: every picture stands where the text names it."""

from __future__ import annotations

from typing import Any

import pytest

from evals.accuracy.messages import messages_of, named_pictures, picture_of, with_marks
from evals.accuracy.pictures import files_in
from evals.errors import DatasetError
from evals.protocol import Picture

A, B, C = (picture_of(b"\x89PNG" + letter) for letter in (b"a", b"b", b"c"))


def shown(text: str, pictures: list[Picture]) -> list[str | Picture]:
    """Return the parts of the last message: texts, and the pictures themselves."""
    (message,) = messages_of([{"role": "user", "content": text}], pictures)
    by_reference = {picture.reference: picture for picture in pictures}
    content: Any = message["content"]
    return [part["text"] if part["type"] == "text" else by_reference[part["image_url"]["url"]] for part in content]


def test_each_picture_stands_at_its_mark_and_the_text_around_it_is_unchanged() -> None:
    assert shown("Is <image> like <image>\n?", [A, B]) == ["Is ", A, " like ", B, "\n?"]


def test_marks_side_by_side_and_at_both_ends_leave_no_empty_texts() -> None:
    assert shown("<image><image> x <image>", [A, B, C]) == [A, B, " x ", C]


def test_a_picture_that_is_named_twice_is_shown_twice() -> None:
    assert shown("<image>=<image>", [A, A]) == [A, "=", A]


def test_pictures_without_a_mark_come_last_and_marks_without_a_picture_stay_text() -> None:
    assert shown("Answer.", [A, B]) == ["Answer.", A, B]
    assert shown("<image> and <image>!", [A]) == [A, " and ", "<image>", "!"]


def test_without_pictures_the_messages_are_as_they_were() -> None:
    messages = [{"role": "user", "content": "what does <image> mean in HTML?"}]
    assert messages_of(messages, []) is messages


def test_only_the_last_message_gets_pictures() -> None:
    before = {"role": "system", "content": "look at the <image>"}
    first, last = messages_of([before, {"role": "user", "content": "<image>"}], [A])
    assert first == before
    assert last == {"role": "user", "content": [{"type": "image_url", "image_url": {"url": A.reference}}]}


def test_pictures_are_named_by_number_in_the_order_of_the_text() -> None:
    text = "see <image 2>, <image  1> and <image 2> but not <image>, <image x> or image 3"
    assert named_pictures(text) == [2, 1, 2]
    assert with_marks("a <image 10> b <image 1>") == "a <image> b <image>"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\0\0\0\0WEBP", "image/webp"),
    ],
)
def test_a_file_says_itself_what_kind_of_picture_it_is(data: bytes, kind: str) -> None:
    picture = picture_of(data)
    assert (picture.media_type, picture.data) == (kind, data)
    assert picture.data_url().startswith(f"data:{kind};base64,")


@pytest.mark.parametrize("value", [None, {"bytes": None}, {"bytes": b""}, b"", "a.png"])
def test_a_named_picture_that_is_missing_is_an_error_that_names_item_and_column(value: Any) -> None:
    with pytest.raises(DatasetError, match="item test_7 names the picture image_2"):
        files_in({"id": "test_7", "image_1": b"x", "image_2": value}, ["image_1", "image_2"])


def test_a_column_that_is_not_there_at_all_is_missing_too() -> None:
    with pytest.raises(DatasetError, match="image_3"):
        files_in({"id": 1}, ["image_3"])
