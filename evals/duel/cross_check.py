"""Hold what SGLang's own benchmark clients say of a server against what ours says; pure.

Both of them, of SGLang 0.5.23, report the same figures under the same names, over the whole of a run.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean, geometric_mean

from evals.duel.cross_causes import FIGURES, IN_FLIGHT, RUST, Figures, Theirs, explained
from evals.duel.results import CrossCheck
from evals.duel.settings import ServingSettings
from evals.serving.lengths import Lengths, parse_lengths


def lengths_of(settings: ServingSettings) -> tuple[int, int]:
    """Return the input and output lengths that every request has; their median or middle where they are drawn."""
    return _typical(parse_lengths(settings.input_len)), _typical(parse_lengths(settings.output_len))


def words_of(
    client: str,
    settings: ServingSettings,
    *,
    level: int,
    base_url: str,
    model: str,
    folder: Path,
    file: Path,
    seed: int,
) -> list[str]:
    """Return the arguments that make a client of CLIENTS put the load of one level; needs no network.

    folder: the model's, for its tokenizer. file: where a line of JSON is appended.
    """
    asked, answered = lengths_of(settings)
    words = ["--backend", "sglang", "--base-url", base_url, "--model", model, "--tokenizer", str(folder)]
    words += ["--dataset-name", "random-ids", "--tokenize-prompt", "--num-prompts", str(settings.requests)]
    words += ["--random-input-len", str(asked), "--random-output-len", str(answered), "--random-range-ratio", "1"]
    words += ["--max-concurrency", str(level)] if level else ["--request-rate", f"{settings.rate:g}"]
    words += ["--warmup-requests", "0", "--seed", str(seed % 2**31), "--disable-tqdm"]
    words += ["--output-details", "--output-file", str(file)]
    return words + (["--disable-retokenize"] if client == RUST else [])


def read_theirs(text: str) -> Theirs:
    """Read the last line that a client wrote; raises ValueError for one that is not what it should be."""
    try:
        said = json.loads(text.strip().splitlines()[-1])
        firsts, gaps, counts = said["ttfts"], said["itls"], said["output_lens"]
        errors = said["errors"]
        found = {name: _number(said[theirs]) for name, theirs in FIGURES.items()}
        found[IN_FLIGHT] = _number(said.get("concurrency"))
        rows = list(zip(firsts, gaps, counts, errors, strict=True))
        whole = [row for row in rows if not row[3]]
        spoken = [row for row in whole if row[0] > 0]
        late = sum(len(gap) + 1 < count for _, gap, count, _ in spoken)
        every = [gap * 1000 for _, one, _, _ in whole for gap in one]
        return Theirs(
            figures=found,
            requests=len(rows),
            whole=len(whole),
            textless=len(whole) - len(spoken),
            late_firsts=late / len(spoken) if spoken else 0.0,
            itl_mean=fmean(every) if every else None,
        )
    except (IndexError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"it wrote something else than expected: {type(error).__name__} {error}") from error


def compared(
    client: str, settings: ServingSettings, *, level: int, command: str, theirs: Theirs, ours: Sequence[Figures]
) -> CrossCheck:
    """Return both clients' figures with their differences; ours: those of our own passes before and after.

    Ours is the geometric mean of our passes. A difference of at most TOLERANCE needs no cause.
    """
    means = {name: _mean([one.get(name) for one in ours]) for name in (*FIGURES, IN_FLIGHT)}
    return CrossCheck(
        client=client,
        level=level,
        command=command,
        figures={name: (theirs.figures[name], means[name]) for name in FIGURES},
        differences=(*_remarks(settings, theirs), *explained(client, settings, theirs, ours, means)),
    )


def in_order(check: CrossCheck) -> CrossCheck:
    """Return a cross-check with its figures in the order of FIGURES, which a store may have lost."""
    known = [name for name in FIGURES if name in check.figures]
    return replace(check, figures={name: check.figures[name] for name in known})


def failed(client: str, level: int, reason: str, command: str = "") -> CrossCheck:
    """Return a cross-check that could not be made."""
    return CrossCheck(client=client, level=level, command=command, error=reason)


def _remarks(settings: ServingSettings, theirs: Theirs) -> list[str]:
    """Return what both clients did otherwise than the workload, and what went wrong with theirs."""
    asked, answered = lengths_of(settings)
    drawn = [
        one for one in (settings.input_len, settings.output_len) if parse_lengths(one).low < parse_lengths(one).high
    ]
    found = []
    if drawn:
        found.append(f"here both clients ask for lengths that are all alike: {asked} in, {answered} out")
    if settings.shared_prefix_len:
        found.append("here neither client's inputs share a prefix")
    if theirs.whole < theirs.requests:
        found.append(f"{theirs.requests - theirs.whole} of the client's {theirs.requests} requests failed")
    return found


def _typical(lengths: Lengths) -> int:
    return lengths.median if lengths.median is not None else round((lengths.low + lengths.high) / 2)


def _mean(values: Sequence[float | None]) -> float | None:
    """Return the geometric mean; None when one is not known or zero."""
    known = [value for value in values if value is not None and value > 0]
    return geometric_mean(known) if known and len(known) == len(values) else None


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
