"""The parts of a running run's page: each by the element that holds it, logs without colours, GPUs or why none."""

from __future__ import annotations

from dataclasses import replace

from dashboard.gpu_view import gpu_view
from dashboard.job_view import job_view
from dashboard.live_view import fragments, live_view
from dashboard.log_view import log_text
from dashboard.render import run_page
from dashboard.report_view import run_view
from db.states import JobState
from evals.spec import EngineSpec, Role
from tests.unit.dashboard.test_pages import BEGIN, JOB, RUN
from tests.unit.evals.serving_values import GPU, one_pass

NOW = BEGIN.timestamp() + 15
LOGGED = replace(JOB, log_path="j1/engine.log")


def pieces(text: str | None) -> dict[str, str]:
    view = live_view(RUN, [LOGGED], [job_view(LOGGED, now=NOW)], {"j1": text}, gpu_view([LOGGED], (), ()))
    return fragments(view)


def test_every_piece_has_its_place_on_the_page_and_is_what_the_page_shows() -> None:
    page = run_page(run_view(RUN, [LOGGED], None, now=NOW, logs={"j1": "ready <b>"}))
    assert 'data-events="/runs/r1/live"' in page
    found = pieces("ready <b>")
    assert set(found) == {"live-head", "job-j1", "live-logs", "live-gpus"}
    for name, html in found.items():
        assert f'id="{name}"' in page
        assert html.strip() in page
    assert "ready &lt;b&gt;" in found["live-logs"]


def test_a_log_that_is_elsewhere_is_said_to_be() -> None:
    assert "on the host of the worker h/1" in pieces(None)["live-logs"]
    ended = replace(LOGGED, state=JobState.SUCCEEDED)
    view = live_view(RUN, [ended], [job_view(ended, now=NOW)], {}, gpu_view([ended], (), ()))
    assert view.logs == ()


def test_an_empty_log_is_said_to_be_empty() -> None:
    assert "The engine has written nothing yet." in pieces("")["live-logs"]
    assert "written nothing" not in pieces("ready")["live-logs"]


def test_a_logs_lines_lose_colours_and_what_was_overwritten() -> None:
    assert log_text("\x1b[32mINFO\x1b[0m ok\n 1%\r 50%\r100%\nend\x07\n") == "INFO ok\n100%\nend␇"
    assert log_text("x" * 1000) == "x" * 400 + "…"


def test_passes_with_gpus_become_pictures_and_rows() -> None:
    passes = [one_pass(8, number, side, 1.0) for number in range(3) for side in ("candidate", "baseline")]
    view = gpu_view([JOB], (), passes)
    assert (len(view.pictures), view.note) == (2, "")
    assert [(row.side, row.passes, row.use, row.clock) for row in view.rows] == [
        ("candidate", "3", "97", "1,980"),
        ("baseline", "3", "97", "1,980"),
    ]
    hot = replace(GPU, throttled=("thermal",), strangers=(1,))
    (row,) = gpu_view([JOB], (), [one_pass(8, 0, "candidate", 1.0, gpus=(hot,))]).rows
    assert row.notes == "slowed down: thermal; other processes were on it"


def test_without_gpus_the_reason_is_told() -> None:
    on_cpu = replace(JOB, spec=replace(JOB.spec, engine=EngineSpec(kind="sglang")))
    assert gpu_view([on_cpu], (), ()).note == "No GPU was used: the engines run on the CPU."
    assert "serving workloads" in gpu_view([JOB], (), ()).note
    duel = replace(JOB, role=Role.DUEL)
    assert "No pass" in gpu_view([duel], (), ()).note
