"""What a duel's load was and what a reader must know of it, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from evals.duel.forms import Form
from evals.duel.measuring import is_steady
from evals.duel.settings import ServingSettings, levels
from evals.duel.side import Side
from evals.duel.stopping import confidence, deciding, looks
from evals.duel.words import listed
from evals.serving.record import Basis

_OFFERED = "; with a rate, throughput is what was offered"


def facts_of(settings: ServingSettings, form: Form, sides: Mapping[str, Side], nonce: int) -> dict[str, str]:
    """Return what was put to both sides alike, in the order in which it is shown."""
    launches = any(side.contender.launches for side in sides.values())
    bases = {f"first token of the {name}": str(side.taken.basis) for name, side in sides.items() if side.taken}
    return {
        "load": _load(settings),
        "input": f"{_input(settings)}, drawn from seed {settings.seed} and this duel's own number {nonce}",
        "output": f"{settings.output_len} tokens",
        **form.words(),
        **bases,
        "figures": _figures(settings),
        "servers": "launched in turn, once a round" if launches else _together(settings),
        "decides": " and ".join(metric.title for metric in deciding(settings)) + _OFFERED * (settings.rate is not None),
        "order": f"drawn for each block of two rounds, seed {settings.seed}",
        "looks": f"after {listed(looks(settings))} rounds, intervals at {100 * confidence(settings):.4g} %",
    }


def notes_of(sides: Mapping[str, Side], cold: Sequence[str]) -> tuple[str, ...]:
    """Return what may be held against the figures."""
    bases = {side.taken.basis for side in sides.values() if side.taken}
    notes = [note for side in sides.values() for note in side.notes]
    if Basis.FIRST_EVENT in bases or len(bases) > 1:
        notes.append("the first token is not told in the same way by both servers: their TTFTs may not be alike")
    for who, count in Counter(cold).items():
        often = f" {count} times" if count > 1 else ""
        notes.append(f"{who} did not get warm{often}: its warm-ups never agreed within 10 % or broke off")
    return tuple(notes)


def _together(settings: ServingSettings) -> str:
    share = 100 * settings.launch_spread
    held = f"is in the interval with {share:.3g} %" if share else "is not in the interval"
    return f"both up, measured in turn: one launch each; what differs from launch to launch {held} (launch_spread)"


def _load(settings: ServingSettings) -> str:
    if settings.rate is not None:
        return f"{settings.requests:,} requests a pass, {settings.rate:g}/s as a Poisson process has them"
    return f"{settings.requests:,} requests a pass, {listed(levels(settings))} in flight"


def _input(settings: ServingSettings) -> str:
    shared = f", of which {settings.shared_prefix_len} are shared" if settings.shared_prefix_len else ""
    groups = f" within each of {settings.prefix_groups} groups" if shared and settings.prefix_groups > 1 else ""
    return f"{settings.input_len} tokens{shared}{groups}, others in each round"


def _figures(settings: ServingSettings) -> str:
    steady = [level for level in levels(settings) if is_steady(settings.requests, level)]
    if len(steady) == len(levels(settings)):
        return "of the steady stretch of each pass"
    return f"of the steady stretch at {listed(steady)} in flight, else of whole passes" if steady else "of whole passes"
