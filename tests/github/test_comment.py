"""The comment on a pull request; PLUMBLINE_REFRESH_GOLDEN=1 renews its files, whose diff is to be read."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import cmarkgfm
import pytest
from cmarkgfm.cmark import Options

from evals.render.pull_request.check_run import render_check
from evals.render.pull_request.comment import marker, render_comment
from evals.render.pull_request.views import JobProgress, PullView, RunView
from evals.result import SideSummary
from tests.github.examples import EXAMPLES, MARKER, NASTY, URL, fail, pull, run, running, several
from tests.unit.evals.report_examples import failed, passed

GOLDEN = Path(__file__).parent / "golden"
VERDICTS = ("pass", "fail", "inconclusive", "incomparable", "error", "cancelled")


class Page(HTMLParser):
    """Read what a browser would: links, images, unclosed tags, and the text in which GitHub looks for names."""

    def __init__(self, markdown: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.open: list[str] = []
        self.told: list[str] = []
        self.tags: set[str] = set()
        extensions = ["table", "autolink", "strikethrough", "tagfilter", "tasklist"]
        self.feed(cmarkgfm.markdown_to_html_with_extensions(markdown, Options.CMARK_OPT_UNSAFE, extensions))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]
        if tag not in ("br", "hr", "img", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"code", "pre", "a"} & set(self.open):
            self.told.append(data)


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_the_comment_is_the_one_on_record(name: str) -> None:
    text, path = render_comment(EXAMPLES[name]()), GOLDEN / f"{name}.md"
    if os.environ.get("PLUMBLINE_REFRESH_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")
    page = Page(text)
    assert not page.open
    assert all(link.startswith((URL, "https://github.com/o/r/commit/")) for link in page.links)


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_the_first_line_says_it_and_the_marker_closes_it(name: str) -> None:
    lines = render_comment(EXAMPLES[name]()).splitlines()
    assert re.match(r"\S+ \*\*[A-Z][a-z ]+:\*\* \S", lines[0])
    assert lines[-1] == MARKER


@pytest.mark.parametrize("name", VERDICTS)
def test_one_table_decides_and_the_rest_is_folded(name: str) -> None:
    unfolded = render_comment(EXAMPLES[name]()).split("<details>")[0]
    assert len(re.findall(r"^\| -", unfolded, re.MULTILINE)) == 1


def test_a_failure_says_what_to_read_first() -> None:
    text = render_comment(fail())
    steps = text.split("**Next steps**")[1].split("<details>")[0]
    assert f"([open](<{URL}r0k3v9x2d1a7b4c5f/samples/gsm8k/304?workload=gsm8k>))" in steps
    assert 'the texts part at word 8: <code>" 7."</code> against <code>" 9"</code>' in steps
    assert "The suspected change is" in steps
    parity = render_comment(EXAMPLES["parity"]()).split("**Next steps**")[1].split("<details>")[0]
    assert "the first diverging position is token 7 of the answer to <code>classic/france</code>" in parity


def test_a_comment_about_an_older_head_says_so() -> None:
    assert "**The pull request is at <code>0000000000</code> now, which was not evaluated" in render_comment(several())


def test_the_newest_run_of_what_was_asked_counts_and_the_others_are_linked() -> None:
    text = render_comment(several())
    assert text.startswith("⏳ **Running:** 3 evaluations: 1 failed, 1 queued, 1 passed\n")
    assert "Earlier runs of this commit: 1" in text
    assert text.index("💥 error") > text.index("Earlier runs")


def test_the_cost_is_counted_or_said_to_be_unknown() -> None:
    assert "GPU minutes: 30.4," in render_comment(EXAMPLES["pass"]())
    unknown = run(passed())
    assert "GPU minutes: not measured." in render_comment(pull(replace(unknown, cost=RunView.cost)))


def hostile() -> PullView:
    """Return a comment in which every foreign text is as bad as can be."""
    report = failed()
    bad = SideSummary(
        role=NASTY, engine=NASTY, model=NASTY, state=NASTY, versions={NASTY: NASTY}, settings={NASTY: NASTY}
    )
    worse = replace(bad, error={"message": NASTY, "remedy": NASTY, "details": {"log": NASTY}})
    flips = [replace(one, task=NASTY, candidate_extracted=NASTY, gold=NASTY) for one in report.comparisons[0].flips]
    rows = tuple(replace(one, workload=NASTY, flips=tuple(flips), reasons=(NASTY,)) for one in report.comparisons)
    told = {"suite": NASTY, "headline": NASTY, "reasons": (NASTY,), "created_at": NASTY, "plumbline_version": NASTY}
    report = replace(report, comparisons=rows, candidate=bad, baseline=worse, **told)
    changes = {"suite": NASTY, "model": NASTY, "asked_by": NASTY, "why": NASTY, "partial": NASTY, "run_id": NASTY}
    jobs = (JobProgress(role=NASTY, engine=NASTY, state=NASTY, phase=NASTY, done=1, total=2, noun=NASTY, right=0.5),)
    return pull(run(report, **changes), run(None, jobs=jobs, **{**changes, "suite": NASTY + "2"}))


@pytest.mark.parametrize("count", [1, 2])
def test_hostile_texts_close_nothing_link_nowhere_and_ping_nobody(count: int) -> None:
    view = hostile()
    for runs in (view.runs[:count], view.runs[-1:]):
        page = Page(render_comment(replace(view, runs=runs, name=NASTY)))
        assert not page.open
        assert not page.tags & {"img", "script", "h1", "h2"}
        assert all(link.startswith((URL, "https://github.com/o/r/commit/")) for link in page.links)
        told = "\n".join(page.told)
        assert "everyone" in told
        assert not re.search(r"@\w|#\d|GH-\d|[0-9a-f]{7,}", told)
        assert "@everyone" not in render_check(replace(view, runs=runs)).title


def test_what_does_not_fit_gives_way_to_a_link() -> None:
    report = failed()
    many = tuple(replace(one, workload=f"w{number:03}") for number in range(400) for one in report.comparisons)
    long = run(replace(report, comparisons=many))
    for view in (pull(long), pull(long, replace(long, suite="another")), replace(several(), runs=several().runs * 60)):
        text, check = render_comment(view), render_check(view)
        assert len(text) <= 65_536
        assert len(check.summary) < 65_535
        assert text.endswith(f"{MARKER}\n")
        assert text.count("<details>") == text.count("</details>")
    assert "The rest does not fit into a comment. It stands in the [full report](<" in render_comment(pull(long))


def test_what_is_left_out_are_the_last_folds() -> None:
    report = failed()
    many = tuple(replace(one, workload=f"w{number:03}") for number in range(400) for one in report.comparisons)
    text = render_comment(pull(run(replace(report, comparisons=many))))
    assert "<summary>What failed or could not be decided</summary>" in text
    assert "<summary>How to reproduce</summary>" not in text


@pytest.mark.parametrize(
    ("name", "conclusion"),
    [
        ("pass", "success"),
        ("fail", "failure"),
        ("inconclusive", "neutral"),
        ("incomparable", "neutral"),
        ("error", "failure"),
        ("cancelled", "cancelled"),
        ("partial", "success"),
    ],
)
def test_only_a_pass_is_a_success(name: str, conclusion: str) -> None:
    check = render_check(EXAMPLES[name]())
    assert (check.status, check.conclusion) == ("completed", conclusion)
    assert check.details_url == f"{URL}r0k3v9x2d1a7b4c5f"


def test_a_check_run_goes_from_queued_through_in_progress() -> None:
    assert (render_check(EXAMPLES["queued"]()).status, render_check(EXAMPLES["queued"]()).conclusion) == (
        "queued",
        None,
    )
    check = render_check(running())
    assert (check.status, check.conclusion, check.title) == ("in_progress", None, "Running: 412 answers so far")
    assert render_check(several()).conclusion is None


def test_a_marker_holds_nothing_that_could_close_it() -> None:
    assert marker("a --> b") == "<!-- plumbline:comment:a--b -->"
