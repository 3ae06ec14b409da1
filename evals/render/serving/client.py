"""What is known of the client itself: its self-check, and what other clients say of the same server."""

from __future__ import annotations

from collections.abc import Sequence

from evals.duel.results import CrossCheck, Echo
from evals.formatting import one_line
from evals.render.serving.grid import LEVEL, Grid, command_lines
from evals.render.serving.words import ABSENT, at_level, figure_words, level_words, number_words, times_words


def echo_grid(echoes: Sequence[Echo]) -> Grid:
    """Return what the client can do on this machine; without a row where that was not tried."""
    heads = (
        LEVEL, "requests/s the client can", "needed", "tokens/s the client can", "needed", "TTFT p50", "TTFT p99",
        "was the client the limit",
    )  # fmt: skip
    rows = tuple(
        (
            level_words(echo.level),
            number_words(echo.requests_per_s),
            number_words(echo.needed_requests_per_s),
            number_words(echo.output_tokens_per_s),
            number_words(echo.needed_output_tokens_per_s),
            figure_words(echo.ttft_p50_ms, "ttft_p50"),
            figure_words(echo.ttft_p99_ms, "ttft_p99"),
            "yes" if echo.limited else "no",
        )
        for echo in echoes
    )
    reasons = tuple(f"{at_level(echo.level)}: {one_line(line, 400)}" for echo in echoes for line in echo.reasons)
    note = "The same load against a server that answers at once, on the same machine."
    return Grid(
        title="self-check of the client", heads=heads, rows=rows, about=note, notes=reasons,
        open=any(echo.limited for echo in echoes),
    )  # fmt: skip


def cross_check_grid(check: CrossCheck) -> Grid:
    """Return what another client found, beside what ours did, with the differences explained."""
    rows = tuple(_beside(name, theirs, ours) for name, (theirs, ours) in check.figures.items())
    error = (f"It gave nothing: {one_line(check.error, 600)}",) if check.error is not None else ()
    return Grid(
        title=f"another client: {one_line(check.client, 60)} {at_level(check.level)}",
        heads=("the candidate's", "theirs", "ours", "ours / theirs"),
        rows=rows,
        notes=(*error, *(one_line(line, 600) for line in check.differences)),
        command=command_lines(check.command),
        command_title="What was run:",
        brief=True,
    )


def _beside(name: str, theirs: float | None, ours: float | None) -> tuple[str, ...]:
    both = theirs is not None and ours is not None and theirs != 0
    part = times_words(ours / theirs) if both and ours is not None and theirs is not None else ABSENT
    return one_line(name, 80), number_words(theirs), number_words(ours), part
