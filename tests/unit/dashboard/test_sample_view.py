"""One item's page: hidden characters are seen, long texts are cut around their difference, chats have turns."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from dashboard.parting import LONG, parting
from dashboard.prompt_view import prompt_view
from dashboard.render import page
from dashboard.sample_view import ItemPlace, sample_view
from dashboard.texts import SHOWN, byte_count, text_view, visible
from db.sample_detail import ItemSide
from evals.result import Response, SampleKey, Score

KEY = SampleKey(task="gsm8k", doc_id=3)
METRIC = "exact_match,strict-match"
PLACE = ItemPlace(workload="gsm8k", task="gsm8k", doc_id=3, metric=METRIC)
LINKS = dict.fromkeys(("list", "flips", "prompt", "candidate", "baseline"), "/x")
LINKS |= {"candidate-thoughts": "/x", "baseline-thoughts": "/x"}


def response(text: str, **more: object) -> Response:
    held = Response(
        key=KEY,
        prompt_sha256="p",
        text=text,
        finish_reason="stop",
        prompt_tokens=10,
        completion_tokens=1200,
        sent_at=1.0,
        ended_at=1.5,
    )
    return replace(held, **more)  # type: ignore[arg-type]


def score(value: float, extracted: str | None, metric: str = METRIC) -> Score:
    return Score(
        task="gsm8k",
        doc_id=3,
        metric=metric,
        value=value,
        parsed=extracted is not None,
        extracted=extracted,
        gold="so\n#### 4",
        prompt_sha256="p",
    )


def side(answer: Response | None, *scores: Score) -> ItemSide:
    return ItemSide(job_id="j", response=answer, scores=scores, prompt="Q: a?\nA: 1\n\nQ: b?\nA:")


def shown(ours: ItemSide, theirs: ItemSide, place: ItemPlace = PLACE) -> str:
    view = sample_view(place, ours, theirs, links=LINKS)
    return page("sample.html", None, view=view, back=("/runs/r1", "Run r1"), title="a against b", command="")


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("a\x00\x1b[31mb", "a␀␛[31mb"),
        ("\u202egnp.exe", "⟨U+202E⟩gnp.exe"),
        ("zero\u200bwidth\ufeff", "zero⟨U+200B⟩width⟨U+FEFF⟩"),
        ("tab\tand\nline", "tab\tand\nline"),
        ("שלום", "שלום"),
        ("a\rb\x7f\x85", "a␍b␡⟨U+0085⟩"),
    ],
)
def test_what_could_hide_is_seen(text: str, seen: str) -> None:
    assert visible(text) == seen


def test_a_flip_shows_where_the_answers_part_and_what_was_found() -> None:
    ours, theirs = side(response("well, 5 it is"), score(0.0, "5")), side(response("well, 4 it is"), score(1.0, "4"))
    view = sample_view(PLACE, ours, theirs, links=LINKS)
    assert (view.flip, view.gold) == ("lost", "#### 4")
    assert view.parting == "The answers part at word 2, character 6."
    assert view.candidate.text is not None
    assert (view.candidate.text.shared, view.candidate.text.differing, view.candidate.text.rest) == (
        "well,",
        " 5",
        " it is",
    )
    assert (view.candidate.right, view.candidate.word, view.candidate.extracted) == (False, "wrong", "5")
    assert ("Answer", "1,200 tokens") in view.candidate.facts
    assert ("Took", "0.5 s") in view.candidate.facts
    assert view.prompt is not None
    assert (view.prompt.examples, view.prompt.question) == ("Q: a?\nA: 1", "Q: b?\nA:")


def test_an_answer_that_ends_earlier_is_marked_at_its_end() -> None:
    view = sample_view(PLACE, side(response("well")), side(response("well, 4")), links=LINKS)
    assert view.parting.endswith("character 1.")
    view = sample_view(PLACE, side(response("so it is")), side(response("so it is 4")), links=LINKS)
    assert view.parting == "The answers part at word 4, character 9; the answer of the candidate ends there."
    assert view.candidate.text is not None
    assert view.candidate.text.ends


def test_a_missing_answer_is_told_and_nothing_is_compared() -> None:
    html = shown(side(response("4"), score(1.0, "4")), side(None))
    assert "Not judged." in html
    assert "not recorded" in html
    assert "The answers part" not in html


EVIL = "</pre><script>alert(1)</script><img src=x onerror=alert(1)>"


@pytest.mark.parametrize(("ours", "theirs"), [(EVIL, "x"), (f"{EVIL} a {EVIL}", f"{EVIL} b {EVIL}")])
def test_a_page_runs_nothing_of_a_hostile_answer(ours: str, theirs: str) -> None:
    held = replace(side(response(ours, reasoning=EVIL), score(0.0, EVIL)), prompt=f"{EVIL}\n\n{EVIL}")
    html = shown(held, side(response(theirs), replace(score(1.0, EVIL), gold=EVIL)))
    assert "<script>alert" not in html
    assert "<img src=x" not in html
    assert html.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 7


def test_a_megabyte_is_cut_around_its_first_difference_and_counted_whole() -> None:
    text = "word " * 200_000
    place = 500_003
    other = text[:place] + "X" + text[place + 1 :]
    found = parting(text, other)
    assert found is not None
    assert found.candidate[0] <= place < found.candidate[1] + 1
    assert found.words == "The answers part at character 500,000."
    view = text_view(text, found.candidate)
    assert len(view.shared) + len(view.differing) + len(view.rest) <= SHOWN
    assert (view.size, bool(view.before), bool(view.after)) == ("1,000,000 bytes", True, True)
    html = shown(side(response(text), score(0.0, None)), side(response(other), score(0.0, None)))
    assert len(html) < 4 * SHOWN + 20_000
    assert "the whole text, as it is" in html


def test_long_and_short_texts_part_at_the_same_character() -> None:
    ours, theirs = "a b c d e f" * 10, "a b c d e f" * 9 + "a b X d e f"
    short, long = parting(ours, theirs), parting("x " * LONG + ours, "x " * LONG + theirs)
    assert short is not None
    assert long is not None
    assert long.candidate == (short.candidate[0] + 2 * LONG, short.candidate[1] + 2 * LONG)
    assert parting("y" * LONG, "y" * LONG) is None


def test_a_chat_shows_its_turns_and_names_pictures_that_are_not_stored() -> None:
    messages = [
        {"role": "system", "content": "be short"},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "what is this?"},
                {"type": "image_url", "image_url": {"url": "sha256:" + "ab" * 32}},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
                {"type": "image_url", "image_url": {"url": "data:image/svg+xml;base64,AAAA"}},
                {"type": "image_url", "image_url": {"url": "http://evil.example/x.png"}},
            ],
        },
    ]
    view = prompt_view(json.dumps(messages), chat=True)
    assert view is not None
    assert [turn.role for turn in view.turns] == ["system", "user"]
    text, stored, picture, drawing, elsewhere = view.turns[1].parts
    assert text.text == "what is this?"
    assert ("not stored" in stored.note, "abab" in stored.note, stored.picture) == (True, True, "")
    assert picture.picture == "data:image/png;base64,AAAA"
    assert (drawing.picture, elsewhere.picture) == ("", "")


@pytest.mark.parametrize("prompt", ["not json", "[1, 2]", '{"role": "user"}', "[" * 5000])
def test_what_is_no_chat_is_shown_as_a_text(prompt: str) -> None:
    view = prompt_view(prompt, chat=True)
    assert view is not None
    assert (view.turns, view.question) == ((), prompt)


def test_choices_show_both_sides_log_probabilities() -> None:
    ours = side(response("", log_probabilities=(-1.0, -2.5)), score(1.0, "0"))
    theirs = side(response("", log_probabilities=(-2.0, -1.5)), score(0.0, "1"))
    rows = sample_view(PLACE, ours, theirs, links=LINKS).choices
    assert [(row.candidate, row.baseline, row.difference, row.chosen) for row in rows] == [
        ("−1.0000", "−2.0000", "+1", "candidate"),
        ("−2.5000", "−1.5000", "−1", "baseline"),
    ]
    assert "Most probable for" in shown(ours, theirs)


def test_the_deciding_metric_stands_first_and_differences_are_told() -> None:
    other = "a_metric,none"
    ours = side(response("x"), score(1.0, "4"), score(0.25, None, other))
    rows = sample_view(PLACE, ours, side(response("x"), score(1.0, "4")), links=LINKS).scores
    assert [(row.metric, row.decides, row.candidate.word, row.baseline.word) for row in rows] == [
        (METRIC, True, "right", "right"),
        (other, False, "0.25", "not judged"),
    ]
    assert (rows[1].candidate.style, rows[1].candidate.found) == ("pass", "nothing found")
    assert (rows[1].baseline.style, rows[1].baseline.found) == ("never", "–")


def test_how_long_an_answer_took_is_told_in_seconds() -> None:
    ours, theirs = (response("x", sent_at=10.0, ended_at=10.0 + took) for took in (121.272, 0.24))
    view = sample_view(PLACE, side(ours, score(1.0, "4")), side(theirs, score(1.0, "4")), links=LINKS)
    assert [dict(one.facts)["Took"] for one in (view.candidate, view.baseline)] == ["2 min 01 s", "0.24 s"]


def test_bytes_are_counted_not_characters() -> None:
    assert [byte_count(text) for text in ("", "a", "é" * 600)] == ["0 bytes", "1 byte", "1,200 bytes"]
