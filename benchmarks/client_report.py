"""What the rounds of `benchmarks.client` amount to: medians, ratios within a round, and a table."""

from __future__ import annotations

import json
import re
import statistics
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.flight import Flight

OURS, LM_EVAL, SGL_EVAL = "gsm8k, plumbline", "gsm8k, lm-eval", "gsm8k, sgl-eval"
OUR_MMLU, LM_EVAL_MMLU = "mmlu, plumbline", "mmlu, lm-eval"
CHOICES = 4
"""How many requests lm-eval sends for a question of MMLU."""

Round = dict[str, Flight]

RATIOS: dict[str, tuple[float, str, Callable[[Round], float]]] = {
    "gsm8k: lm-eval's wall time over ours": (10, LM_EVAL, lambda r: r[LM_EVAL].wall_s / r[OURS].wall_s),
    "gsm8k: sgl-eval's wall time over ours": (2, SGL_EVAL, lambda r: r[SGL_EVAL].wall_s / r[OURS].wall_s),
    "gsm8k: our requests/s over lm-eval's": (2, LM_EVAL, lambda r: r[OURS].requests_per_s / r[LM_EVAL].requests_per_s),
    "gsm8k: lm-eval's CPU per request over ours": (10, LM_EVAL, lambda r: r[LM_EVAL].cpu_ms / r[OURS].cpu_ms),
    "mmlu: our questions/s over lm-eval's": (
        10, LM_EVAL_MMLU, lambda r: CHOICES * r[OUR_MMLU].requests_per_s / r[LM_EVAL_MMLU].requests_per_s,
    ),
}  # fmt: skip
"""Each ratio's target, the client that it needs, and what it is in one round."""


def report(rounds: Sequence[Round]) -> dict[str, Any]:
    """Return the clients' medians, the medians of the ratios, and both as a table's lines."""
    clients = {name: figures([one[name] for one in rounds], name) for name in rounds[0]}
    return {"clients": clients, "ratios": ratios(rounds), "table": table(clients)}


def figures(flights: Sequence[Flight], client: str) -> dict[str, Any]:
    """Return one client's medians."""

    def median(value: Callable[[Flight], float], digits: int = 2) -> float:
        return round(statistics.median(map(value, flights)), digits)

    each = CHOICES if client == LM_EVAL_MMLU else 1
    return {
        "wall_s": median(lambda f: f.wall_s),
        "to_first_request_s": median(lambda f: f.to_first_s),
        "flying_s": median(lambda f: f.flying_s),
        "after_last_answer_s": median(lambda f: f.after_last_s),
        "requests": flights[0].requests,
        "requests_per_s": round(median(lambda f: f.requests_per_s)),
        "questions_per_s": round(median(lambda f: f.requests_per_s / each)),
        "cpu_s_per_1000_requests": median(lambda f: f.cpu_ms),
        "score": score_in(flights[-1].output),
    }


def ratios(rounds: Sequence[Round]) -> dict[str, dict[str, Any]]:
    """Return the median of each ratio whose clients flew, with its target and whether it is met."""
    found = {}
    for name, (target, client, value) in RATIOS.items():
        if client in rounds[0]:
            ratio = statistics.median(map(value, rounds))
            found[name] = {"ratio": round(ratio, 1), "target": target, "met": ratio >= target}
    return found


def table(clients: dict[str, dict[str, Any]]) -> list[str]:
    """Return the clients' figures as a Markdown table."""
    columns = list(next(iter(clients.values())))
    lines = ["| client | " + " | ".join(column.replace("_", " ") for column in columns) + " |"]
    lines.append("|---" * (len(columns) + 1) + "|")
    return [*lines, *(f"| {name} | {' | '.join(str(row[c]) for c in columns)} |" for name, row in clients.items())]


def score_in(output: str) -> str | None:
    """Return the score that a client printed last, None when there is none."""
    if '"metrics"' in output:
        metrics = json.loads(output[output.index("{\n") :])["metrics"]
        return ", ".join(f"{name} {metric['value']:.4f}" for name, metric in metrics.items())
    if found := re.search(r"\* score\s*=\s*([\d.]+ ?%?)", output):
        return found.group(1)
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in output.splitlines() if line[:1] == "|"]
    values = [f"{row[4]},{row[2]} {row[6]}" for row in rows if len(row) > 6 and re.fullmatch(r"[\d.]+", row[6])]
    whole = values[:1] if "mmlu" in output else values
    return ", ".join(whole) or None
