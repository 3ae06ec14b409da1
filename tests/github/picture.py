"""Draw a comment as GitHub shows it: `python -m tests.github.picture docs/pictures/github-comment.png [FONTS]`.

FONTS: a folder of .woff2 files with the signs that GitHub draws, where the system has none of its own.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cmarkgfm
from cmarkgfm.cmark import Options

from evals.render.pull_request.comment import render_comment
from evals.render.pull_request.steps import lost_flips
from evals.render.pull_request.views import PullView
from tests.github.examples import EXAMPLES

EXTENSIONS = ["table", "autolink", "strikethrough", "tagfilter", "tasklist"]
PAGE = """<!doctype html><meta charset="utf-8"><title>A comment</title><style>
body { margin: 24px; font: 14px/1.5 -apple-system, "Segoe UI", "Noto Sans", "DejaVu Sans", sans-serif; color: #1f2328; }
article { max-width: 860px; border: 1px solid #d1d9e0; border-radius: 6px; }
header { padding: 8px 16px; background: #f6f8fa; border-bottom: 1px solid #d1d9e0; color: #59636e; }
header b { color: #1f2328; }
header span { border: 1px solid #d1d9e0; border-radius: 2em; padding: 0 7px; font-size: 12px; }
section { padding: 4px 16px 16px; overflow-wrap: break-word; }
table { border-collapse: collapse; display: block; overflow: auto; margin: 0 0 16px; }
th, td { border: 1px solid #d1d9e0; padding: 6px 13px; overflow-wrap: normal; }
tr:nth-child(2n) { background: #f6f8fa; }
code { background: #818b981f; border-radius: 6px; padding: .2em .4em; }
code, pre { font: 85% ui-monospace, "DejaVu Sans Mono", monospace; }
pre { background: #f6f8fa; padding: 16px; border-radius: 6px; overflow: auto; }
a { color: #0969da; text-decoration: none; }
details { margin: 8px 0; } details > table, details > p, details > ul { margin-top: 8px; }
</style><article><header><b>plumbline</b> <span>bot</span> commented now</header><section>
"""


def page(markdown: str, *, opened: int = 0, fonts: Sequence[Path] = ()) -> str:
    """Return a page with a comment in GitHub-flavoured Markdown; opened: how many folds are open."""
    faces = [
        f'@font-face {{ font-family: "sign{number}"; src: url("{file.resolve().as_uri()}"); }}'
        for number, file in enumerate(fonts)
    ]
    family = "".join(f'"sign{n}", ' for n in range(len(fonts)))
    style = f'<style>{" ".join(faces)} body {{ font-family: "DejaVu Sans", {family}sans-serif; }}</style>'
    body = cmarkgfm.markdown_to_html_with_extensions(markdown, Options.CMARK_OPT_UNSAFE, EXTENSIONS)
    return (
        PAGE.replace("</style>", f"</style>{style}", 1)
        + body.replace("<details>", "<details open>", opened)
        + "</section></article>"
    )


def draw(markdown: str, target: Path, *, height: int, opened: int = 0, fonts: Sequence[Path] = ()) -> None:
    """Write a picture of a comment."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        raise SystemExit("no Chromium was found: apt-get install chromium")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "comment.html"
        file.write_text(page(markdown, opened=opened, fonts=fonts), encoding="utf-8")
        shot = [f"--screenshot={target.resolve()}", f"--window-size=920,{height}", f"file://{file}"]
        options = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            f"--user-data-dir={folder}/p",
        ]
        subprocess.run([chromium, *options, *shot], check=True, capture_output=True, timeout=120)


def example() -> PullView:
    """Return a failure whose answers are ordinary ones."""
    view = EXAMPLES["fail"]()
    run = view.runs[0]
    assert run.report is not None
    (parted,) = run.partings.values()
    rows = tuple(replace(one, flips=one.flips[15:]) for one in run.report.comparisons)
    report = replace(run.report, comparisons=rows)
    comparison, flip = next(lost_flips(report))
    place = (comparison.workload, flip.task, flip.doc_id)
    return replace(view, runs=(replace(run, report=report, partings={place: parted}),))


if __name__ == "__main__":
    found = sorted(file for folder in sys.argv[2:] for file in Path(folder).glob("*.woff2"))
    draw(render_comment(example()), Path(sys.argv[1]), height=1030, opened=2, fonts=found)
