"""What a serving workload can be told, and its reading out of a workload's options."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from evals.errors import InvalidSubmissionError
from evals.spec import Scalar, Workload

SERVING = "serving"
"""The benchmark's name of a serving workload, and its metric."""

LAUNCHES = ("auto", "together", "alternate")

MOST = {
    "requests": 100_000,
    "rate": 10_000,
    "shared_prefix_len": 131_072,
    "prefix_groups": 100_000,
    "min_rounds": 100,
    "max_rounds": 100,
    "max_warmups": 20,
    "processes": 64,
    "stall": 3600,
    "launch_spread": 1,
}
"""How large options may be: beyond, a duel never ends."""

NOT_OF_THE_LOAD = frozenset({"min_rounds", "max_rounds", "max_warmups", "launch_spread", "cross_check"})
"""Options that say how long a duel lasts and how it is judged; a pass that counts is the same whatever they are."""

MOST_TOKENS = 131_072
"""How long an input or an output may be."""

MOST_IN_FLIGHT, MOST_LEVELS, FEWEST_ROUNDS = 16_384, 8, 4


@dataclass(frozen=True, kw_only=True)
class ServingSettings:
    """Say what load is put to both servers, and how long they are compared.

    concurrency: levels of requests in flight, as in "1,8,32"; each is a pass of its own in every round. rate:
    requests/s instead (Poisson arrivals). requests: of each pass. input_len, output_len: for `evals.serving.lengths`.
    shared_prefix_len, prefix_groups: as in a Load. limits: of the goodput, as in "ttft:200 itl:50". min_rounds,
    max_rounds: the first and the last look at the ratios (see `evals.duel.stopping`). max_warmups: passes of each side
    that may go by until it is stable. launch: "together" keeps both servers up and lets one rest while the other is
    measured, "alternate" launches them in turn, "auto" does the former on CPUs and the latter on GPUs. launch_spread:
    how much two launches of one engine differ, as the standard deviation of the ratio's logarithm; it widens the
    intervals of servers that stay up (docs/measurements.md tells what was seen). processes: of the client.
    cross_check: whether SGLang's own benchmark clients are run too. stall: seconds between two bytes of an answer, ten
    times as many for a whole answer. seed: of lengths, inputs and order.
    """

    concurrency: str = "8"
    rate: float | None = None
    requests: int = 64
    input_len: str = "256"
    output_len: str = "64"
    shared_prefix_len: int = 0
    prefix_groups: int = 1
    limits: str = ""
    min_rounds: int = 6
    max_rounds: int = 24
    max_warmups: int = 6
    launch: str = "auto"
    launch_spread: float = 0.02
    processes: int = 1
    cross_check: bool = False
    stall: float = 60.0
    seed: int = 1234


def is_serving(benchmark: str) -> bool:
    """Tell whether a workload's benchmark is the serving duel."""
    return benchmark == SERVING


def serving_settings(workload: Workload) -> ServingSettings:
    """Return a serving workload's settings; raise InvalidSubmissionError for an unknown or impossible one."""
    plain = ServingSettings()
    known = [field.name for field in fields(plain)]
    values: dict[str, Scalar] = {}
    for name, value in workload.options.items():
        if name not in known:
            raise _invalid(f"a serving workload has no option {name!r}", f"use some of {', '.join(known)}")
        values[name] = _checked(name, value, getattr(plain, name))
    settings = replace(plain, **values)  # type: ignore[arg-type]  # checked just now
    _check_whole(settings)
    return settings


def levels(settings: ServingSettings) -> tuple[int, ...]:
    """Return how many requests are in flight in each of a round's passes; (0,) where a rate says when they are sent."""
    if settings.rate is not None:
        return (0,)
    return tuple(int(word) for word in settings.concurrency.split(","))


def unseen_spread(settings: ServingSettings) -> float:
    """Return the spread between launches that rounds do not show; none where each round launches its servers."""
    return 0.0 if settings.launch == "alternate" else settings.launch_spread


def _checked(name: str, value: Scalar, default: Scalar | None) -> Scalar:
    """Return an option's value in the type that it has by default; a number may stand for a text of one."""
    if isinstance(default, str):
        if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
            return str(value)
        raise _wrong(name, value, "a text")
    if isinstance(default, bool):
        if isinstance(value, bool):
            return value
        raise _wrong(name, value, "true or false")
    whole = isinstance(default, int)
    if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
        raise _wrong(name, value, "a whole number" if whole else "a number")
    least = 0 if name in ("seed", "shared_prefix_len", "launch_spread") else 1 if whole else 1e-3
    if not least <= value <= MOST.get(name, 2**31):
        raise _wrong(name, value, f"from {least} to {MOST.get(name, 2**31):,}")
    return value


def _check_whole(settings: ServingSettings) -> None:
    # Imported here because both load numpy, which a command line that only submits never needs.
    from evals.serving.goodput import parse_limits
    from evals.serving.lengths import parse_lengths

    inputs, outputs = parse_lengths(settings.input_len), parse_lengths(settings.output_len)
    for name, lengths in (("input_len", inputs), ("output_len", outputs)):
        if lengths.high > MOST_TOKENS:
            raise _wrong(name, getattr(settings, name), f"at most {MOST_TOKENS:,} tokens, also for the longest")
    shortest = inputs.low
    parse_limits(settings.limits.split())
    if settings.launch not in LAUNCHES:
        raise _wrong("launch", settings.launch, f"one of {', '.join(LAUNCHES)}")
    if not FEWEST_ROUNDS <= settings.min_rounds <= settings.max_rounds:
        raise _invalid(
            f"a duel from {settings.min_rounds} to {settings.max_rounds} rounds cannot be judged",
            f"give min_rounds from {FEWEST_ROUNDS}, and max_rounds no lower",
        )
    if settings.shared_prefix_len and settings.shared_prefix_len >= shortest:
        raise _invalid("the shared prefix leaves nothing of the input", "the prefix is a part of input_len: shorten it")
    _check_levels(settings)


def _check_levels(settings: ServingSettings) -> None:
    try:
        found = levels(settings)
    except ValueError:
        found = ()
    fits = all(0 < one <= MOST_IN_FLIGHT for one in found) or settings.rate is not None
    if not found or not fits or len(set(found)) < len(found) or len(found) > MOST_LEVELS:
        raise _wrong("concurrency", settings.concurrency, f'up to {MOST_LEVELS} different levels, as in "1,8,32"')
    if max(found) > settings.requests:
        raise _invalid(
            f"{settings.requests} requests never are {max(found)} in flight", "give requests a few times the level"
        )
    if settings.rate is None and min(found) < settings.processes:
        raise _invalid("fewer requests in flight than processes", "lower processes, or a higher concurrency")


def _wrong(name: str, value: Scalar, wanted: str) -> InvalidSubmissionError:
    return _invalid(f"the serving option {name} is {value!r}", f"give {wanted}")


def _invalid(message: str, remedy: str) -> InvalidSubmissionError:
    return InvalidSubmissionError(message, remedy=remedy, field="options")
