"""Hostile text stays plain words in Markdown."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from evals.formatting import one_line
from evals.render.escape import block, code, link, plain

MARKDOWN = MarkdownIt("gfm-like", {"linkify": False, "html": True})
HOSTILE = st.text(st.sampled_from("@#|`*_~<>&[]()!\\:/\n\r\t $-+=1.wabGH\u200b\u202e'\"{}^"), max_size=60)


def words_of(html: str) -> str:
    """Return what a browser shows, provided that `html` contains no element at all."""
    assert "<" not in html, html
    for entity, char in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&amp;", "&")):
        html = html.replace(entity, char)
    return html.replace("\u200b", "")


@given(HOSTILE)
def test_hostile_text_in_a_cell_stays_one_cell_of_plain_words(text: str) -> None:
    html = MARKDOWN.render(f"| a | b |\n| --- | --- |\n| {plain(text)} | end |")
    cells = re.findall(r"<td>(.*?)</td>", html, re.DOTALL)
    assert len(cells) == 2
    assert words_of(cells[0]) == one_line(text, 300)
    assert cells[1] == "end"


@given(HOSTILE)
def test_hostile_text_in_a_list_stays_plain_words(text: str) -> None:
    html = MARKDOWN.render(f"- {plain(text)}")
    match = re.fullmatch(r"<ul>\n<li>(.*)</li>\n</ul>\n", html, re.DOTALL)
    assert match, html
    assert words_of(match[1]) == one_line(text, 300)


@given(HOSTILE)
def test_no_mention_and_no_issue_reference_survives(text: str) -> None:
    rendered = words_with_breaks(plain(text))
    assert not re.search(r"@\w|#\d|\bGH-\d", rendered, re.IGNORECASE)


def words_with_breaks(escaped: str) -> str:
    return re.sub(r"&#(\d+);", lambda match: chr(int(match[1])), escaped)


@pytest.mark.parametrize(
    "text", ["exact_match,strict-match (first: gsm8k/3)", "−1.3 pp [−3.9, +1.2]", "0.5.23", "2026-11-23T18:00:00+00:00"]
)
def test_what_reports_are_full_of_stays_readable(text: str) -> None:
    assert plain(text) == text


def test_addresses_do_not_become_links() -> None:
    assert "://" not in plain("see https://evil.example/x")
    assert "www." not in plain("see WWW.evil.example").lower()


@pytest.mark.parametrize(("text", "shown"), [(None, "–"), ("  ", "<i>empty</i>"), ("a", "<code>a</code>")])
def test_code_distinguishes_missing_from_empty(text: str | None, shown: str) -> None:
    assert code(text) == shown


def test_a_block_cannot_be_closed_from_inside() -> None:
    shown = block("first\n</pre></details><img src=x>\n\nlast")
    assert shown.count("</pre>") == 1
    assert shown.endswith("</pre>")
    assert "<img" not in shown
    assert shown.startswith("<pre>first\n")


def test_a_block_keeps_its_indentation() -> None:
    assert block("{\n  key\n}") == "<pre>{\n  key\n}</pre>"


def test_a_long_block_keeps_its_end() -> None:
    assert block("a" * 300 + "\n" + "b" * 50, 60).endswith("b" * 50 + "</pre>")


@pytest.mark.parametrize("url", ["javascript:alert(1)", "https://a.example/) evil", "https://a.example/<x>", None])
def test_only_plain_web_addresses_become_links(url: str | None) -> None:
    assert link("report", url) == "report"


def test_a_web_address_becomes_a_link() -> None:
    assert (
        link("report", "http://127.0.0.1:8000/runs/01J?x=1#top") == "[report](<http://127.0.0.1:8000/runs/01J?x=1#top>)"
    )


def test_what_may_be_a_commit_is_no_link_to_it_but_code_can_be_copied() -> None:
    commit = "a5c3785ed8d6a35868bc169f07e40e889087fd2e"
    pieces = plain(f"see {commit}, deadbee").removeprefix("see ").replace(", ", "&#8203;").split("&#8203;")
    assert "".join(pieces) == commit + "deadbee"
    assert max(len(piece) for piece in pieces) <= 6
    assert plain("defaced 1,234 beef") == "deface&#8203;d 1,234 beef"
    assert code(commit) == f"<code>{commit}</code>"
