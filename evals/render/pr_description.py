"""Render a report as the section that SGLang asks for in the description of a pull request with a new model.

What its guide "How to Support New Models" wants to see: results on benchmarks beside those of transformers, equal text
and very similar prefill logits, TTFT and throughput beside the baseline's, the commands, and a row for the table of
supported models. Nothing is made up: what was not measured is said to be so, what only the author knows is left open.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from evals.formatting import NOT_MEASURED, one_line
from evals.metrics import Kind
from evals.render.escape import block, code, link, plain
from evals.render.markdown import deciding_row
from evals.render.parity import parity_table
from evals.render.provenance import NOT_RECORDED, SUBMIT_COMMAND
from evals.render.serving.comment import command_block, level_table
from evals.render.signs import SIGNS
from evals.render.tables import bullets, table
from evals.result import Comparison, Report, SideSummary
from evals.verdict import WORDS

AUTHOR = "✏️ **author:** "
"""What the author has to fill in begins with this, so that it can be found."""

_NAMES = {"sglang": "SGLang", "hf": "HF Transformers", "remote": "a running server", "published": "a published value"}


def pr_description(report: Report, *, report_url: str | None = None) -> str:
    """Return the section in Markdown, from accuracy to the row for the table of supported models."""
    parts = [
        f"{SIGNS[report.verdict]} **{WORDS[report.verdict]}:** {plain(report.headline, 600)}",
        *_accuracy(report),
        *_parity(report),
        *_performance(report),
        *_reproduce(report, report_url),
        *_supported(report),
    ]
    return "\n\n".join(parts) + "\n"


def _of_kind(report: Report, kind: Kind) -> list[Comparison]:
    return [comparison for comparison in report.comparisons if comparison.metric.kind is kind]


def _names(report: Report) -> tuple[str, str]:
    return _name(report.candidate), _name(report.baseline)


def _name(side: SideSummary) -> str:
    name = _NAMES.get(side.engine, plain(side.engine, 40))
    return f"{name} ({plain(side.origin, 200)})" if side.origin else name


def _accuracy(report: Report) -> Iterator[str]:
    yield "### Accuracy"
    found = [comparison for comparison in _of_kind(report, Kind.ACCURACY) if comparison.decides]
    if not found:
        yield f"Accuracy: {NOT_MEASURED}."
        return
    header = ("benchmark", *_names(report), "difference [95 %]", "margin", "n", "verdict")
    yield table(header, (deciding_row(comparison) for comparison in found))
    if _shows_pictures(report) and not _measures_mmmu(report):
        yield f"MMMU, which the guide requires of a model that takes images: {NOT_MEASURED}."


def _parity(report: Report) -> Iterator[str]:
    yield f"### Parity with {_name(report.baseline)}: text and prefill log-probabilities"
    if not report.parity:
        yield f"Parity: {NOT_MEASURED}."
        return
    for result in report.parity:
        verdict = f"{SIGNS[result.verdict]} {WORDS[result.verdict]}"
        yield f"{verdict}: {plain(result.headline, 600)}"
        rows = [one for one in _of_kind(report, Kind.PARITY) if one.workload == result.workload]
        yield parity_table(rows)
        yield bullets(plain(line, 600) for line in (result.calibration, *result.coverage))
        failed = [f"{check.title}: {reason}" for check in result.checks for reason in check.reasons[:3]]
        if failed:
            yield bullets(plain(line, 600) for line in failed)


def _performance(report: Report) -> Iterator[str]:
    yield "### Performance"
    if not report.serving:
        yield f"TTFT and throughput: {NOT_MEASURED}."
    for result in report.serving:
        verdict = f"{SIGNS[result.verdict]} {WORDS[result.verdict]}"
        yield f"{verdict}: {plain(result.workload, 60)}: {plain(result.headline, 600)}"
        yield from level_table(result, _names(report))
        load = [f"{plain(name, 80)}: {plain(value, 400)}" for name, value in result.facts.items()]
        told = [*load, *(plain(note, 600) for note in result.notes)]
        if told:
            yield bullets(told)
        if result.reproduce:
            yield f"One pass of this load again:\n\n{command_block(result)}"


def _reproduce(report: Report, report_url: str | None) -> Iterator[str]:
    yield "### Versions and commands"
    sides = (report.candidate, report.baseline)
    header = ("", *_names(report))
    packages = sorted({name for side in sides for name in side.versions})
    rows = [(plain(name, 60), *(plain(side.versions.get(name, "–"), 60) for side in sides)) for name in packages]
    rows += [(name, *(plain(str(side.settings.get(name, "–")), 120) for side in sides)) for name in ("source", "dtype")]
    rows.append(("hardware", *(plain(side.hardware or NOT_RECORDED, 120) for side in sides)))
    yield table(header, rows, numbers_from=3)
    for side in sides:
        command = side.settings.get("command")
        if isinstance(command, str) and command:
            yield f"{_name(side)} was launched with\n\n{block(_portable(command), 4000)}"
    command = report.candidate.settings.get(SUBMIT_COMMAND)
    yield f"All of it again:\n\n{block(command) if isinstance(command, str) else f'The command was {NOT_RECORDED}.'}"
    full = f" {link('Full report', report_url)}" if report_url else ""
    yield f"Run {code(report.run_id, 80)} of Plumbline {plain(report.plumbline_version, 40)}.{full}"


def _portable(command: str) -> str:
    """Leave out in which folder of this machine Python stands."""
    return re.sub(r"^\S*/(python[\d.]*) ", r"\1 ", command)


def _supported(report: Report) -> Iterator[str]:
    yield "### Row for the table of supported models"
    pictures = _shows_pictures(report)
    page = "multimodal_language_models.md" if pictures else "generative_models.md"
    header = ["Model Family (Variants)", "Example HuggingFace Identifier", "Description"]
    row = [f"{AUTHOR}family and sizes", _hub_name(report.candidate.model), f"{AUTHOR}who made it, what it is for"]
    if pictures:
        header, row = [*header, "Notes"], [*row, ""]
    yield f"For `docs/supported_models/text_generation/{page}`:"
    yield table(header, [row], numbers_from=len(header))


def _hub_name(model: str) -> str:
    if re.fullmatch(r"[\w.-]+/[\w.-]+", model, re.ASCII):
        return f"`{one_line(model, 120)}`"
    return f"{AUTHOR}the model's name on the hub (measured from a local folder)"


def _shows_pictures(report: Report) -> bool:
    checks = [check for result in report.parity for check in result.checks]
    kinds = {spread.group for check in checks for spread in check.spreads}
    return "image" in kinds or _measures_mmmu(report)


def _measures_mmmu(report: Report) -> bool:
    return any("mmmu" in comparison.workload.lower() for comparison in report.comparisons)
