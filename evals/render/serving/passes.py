"""The passes of a serving workload as rows of tables: rounds, warm-ups, requests, GPUs; nothing is escaped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import zip_longest
from math import isfinite
from statistics import fmean, median

from evals.duel.results import BASELINE, CANDIDATE, GpuUse, Pass
from evals.formatting import one_line, percent
from evals.render.serving.words import ABSENT, joined, level_words, number_words, value_words

GPU_HEADS = (
    "in flight", "side", "GPU", "SM clock in MHz: least, median, most", "W: mean, most", "busy", "MiB", "°C",
    "throttled by", "strangers",
)  # fmt: skip
_SIDES = (CANDIDATE, BASELINE)
_NOT_KNOWN = "not known"


def round_rows(passes: Sequence[Pass], names: Sequence[str]) -> list[tuple[str, ...]]:
    """Return one row for each round and level: who came first, both sides' figures, and why it does not count."""
    rows = []
    for (level, number), both in _by_round(passes):
        for ours, theirs in zip_longest(*([one for one in both if one.side == side] for side in _SIDES)):
            there = [one for one in (ours, theirs) if one is not None]
            first = min(there, key=lambda one: one.place)
            figures = [_value(one, name) for name in names for one in (ours, theirs)]
            spoiled = joined([f"{one.side}: {why}" for one in there for why in one.spoiled])
            rows.append((level_words(level), f"{number + 1}", one_line(first.side, 20), *figures, spoiled))
    return rows


def _by_round(passes: Iterable[Pass]) -> list[tuple[tuple[int, int], list[Pass]]]:
    rounds: dict[tuple[int, int], list[Pass]] = {}
    for one in passes:
        if one.round >= 0 and one.side in _SIDES:
            rounds.setdefault((one.level, one.round), []).append(one)
    return sorted(rounds.items())


def _value(one: Pass | None, name: str) -> str:
    return ABSENT if one is None else value_words(one.values.get(name), name)


def warmup_rows(passes: Sequence[Pass], names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Yield one row for each level and side: how many passes went by, and their figures in order."""
    for level, side, found in _by_side(one for one in passes if one.round < 0):
        ordered = sorted(found, key=lambda one: -one.round)
        figures = (" → ".join(number_words(one.values.get(name)) for one in ordered) for name in names)
        yield level_words(level), side, f"{len(found)}", *figures


def answer_rows(passes: Sequence[Pass]) -> tuple[list[tuple[str, ...]], bool]:
    """Return one row for each level and side over all measured passes, and whether any request has a fault."""
    rows: list[tuple[str, ...]] = []
    faulty = False
    for level, side, found in _by_side(one for one in passes if one.round >= 0):
        faults = sum((Counter(one.faults) for one in found), Counter[str]())
        faulty = faulty or bool(faults)
        rows.append(
            (
                level_words(level),
                side,
                _count(sum(one.requests for one in found)),
                _count(sum(one.whole for one in found)),
                ", ".join(f"{number:,} {one_line(why, 60)}" for why, number in sorted(faults.items())) or ABSENT,
                _some(sum(one.retried for one in found)),
                _some(sum(one.shorter for one in found)),
                _some(sum(one.longer for one in found)),
                _total([one.input_tokens for one in found]),
                _total([one.output_tokens for one in found]),
                _total([one.cached_tokens for one in found]),
            )
        )
    return rows, faulty


def gpu_rows(passes: Sequence[Pass]) -> Iterator[tuple[str, ...]]:
    """Yield one row for each level, side and GPU over all measured passes."""
    for level, side, found in _by_side(one for one in passes if one.round >= 0):
        gpus: dict[str, list[GpuUse]] = {}
        for one in found:
            for gpu in one.gpus:
                gpus.setdefault(gpu.uuid, []).append(gpu)
        for uses in gpus.values():
            yield level_words(level), side, *_gpu(uses)


def _gpu(uses: Sequence[GpuUse]) -> tuple[str, ...]:
    clocks, power = [one.sm_clock_mhz for one in uses], [one.power_w for one in uses]
    speeds = (_of(min, clocks, 0), _of(median, clocks, 1), _of(max, clocks, 2))
    throttled = dict.fromkeys(why for one in uses for why in one.throttled)
    strangers = sorted({process for one in uses for process in one.strangers})
    return (
        f"{one_line(uses[0].name, 60)} ({one_line(uses[0].uuid, 12)})",
        _told(speeds, number_words),
        _told((_of(fmean, power, 0), _of(max, power, 1)), _whole),
        _told((_of(fmean, [(one.utilisation,) for one in uses]),), percent),
        _told((_of(max, [(one.memory_mib,) for one in uses]),), _whole),
        _told((_of(max, [(one.temperature_c,) for one in uses]),), _whole),
        joined(list(throttled)),
        joined([str(process) for process in strangers]),
    )


def _of(summed: Callable[[list[float]], float], figures: Sequence[Sequence[float]], place: int = 0) -> float | None:
    """Sum up what a GPU told in its passes; None where it never did."""
    known = [one[place] for one in figures if isfinite(one[place])]
    return summed(known) if known else None


def _told(values: Sequence[float | None], words: Callable[[float], str]) -> str:
    known = [words(value) for value in values if value is not None]
    return " / ".join(known) if len(known) == len(values) else _NOT_KNOWN


def _whole(value: float) -> str:
    return _count(round(value))


def _by_side(passes: Iterable[Pass]) -> Iterator[tuple[int, str, list[Pass]]]:
    """Yield passes by level, the candidate's before the baseline's; other sides are unknown here."""
    found = list(passes)
    for level in sorted({one.level for one in found}):
        for side in _SIDES:
            of_side = [one for one in found if (one.level, one.side) == (level, side)]
            if of_side:
                yield level, side, of_side


def _count(number: int) -> str:
    return f"{number:,}"


def _some(number: int) -> str:
    return f"{number:,}" if number else ABSENT


def _total(counts: Sequence[int | None]) -> str:
    """Return a sum; a dash when a part of it is not known."""
    known = [count for count in counts if count is not None]
    return _count(sum(known)) if len(known) == len(counts) else ABSENT
