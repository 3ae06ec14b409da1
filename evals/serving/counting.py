"""Which event carried which token, by the server's own counts and never by its text.

An engine streams an event for a token whose text is empty (half a character, a special token), and one event for
several tokens; text and the number of events therefore say nothing about tokens.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from evals.protocol import BROKEN_OFF, count
from evals.serving.events import DONE
from evals.serving.load import Endpoint
from evals.serving.record import Basis
from evals.transport.bodies import decoded

Events = list[tuple[int, bytes]]

_COUNT = b'"completion_tokens":'


@dataclass(kw_only=True, slots=True)
class Counted:
    """Hold what a stream's events say: arrivals that carried tokens (ns), tokens so far, and the final counts.

    Events that came with one read are one arrival. tokens: None of them is known where basis is FIRST_EVENT, and 0
    stands for that.
    """

    at_ns: list[int] = field(default_factory=list)
    tokens: list[int] = field(default_factory=list)
    basis: Basis | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    finish_reason: str | None = None
    fault: str | None = None


def counted(endpoint: Endpoint, events: Events) -> Counted:
    """Read the events of one stream."""
    said = [event for event in events if event[1] != DONE]
    found = Counted()
    if not said:
        found.fault = "a stream without an event"
        return found
    try:
        _count_native(said, found) if endpoint is Endpoint.NATIVE else _count_openai(said, found)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        found.fault = f"an event that is none: {type(error).__name__}: {error}"[:200]
    return found


def _count_native(events: Events, found: Counted) -> None:
    for at_ns, data in events:
        tokens = _quick_count(data)
        if tokens is None:
            body = decoded(data)
            if "error" in body:
                found.fault = f"an error event: {_said(body['error'])}"
                return
            tokens = count(body["meta_info"].get("completion_tokens"))
        if tokens:
            _arrive(found, at_ns, tokens)
    last = decoded(events[-1][1])
    if "error" in last:
        found.fault = f"an error event: {_said(last['error'])}"
        return
    meta = last["meta_info"]
    found.basis = Basis.COUNTS if found.tokens else None
    _finish(found, (meta.get("finish_reason") or {}).get("type"))
    found.input_tokens, found.cached_tokens = count(meta.get("prompt_tokens")), count(meta.get("cached_tokens"))
    found.output_tokens = count(meta.get("completion_tokens"))


def _quick_count(data: bytes) -> int | None:
    """Return the last completion_tokens without reading the rest, which grows with the answer; None if it is not there.

    Within JSON an unescaped quote ends a text, so these bytes cannot be part of one.
    """
    at = data.rfind(_COUNT)
    if at < 0:
        return None
    digits = data[at + len(_COUNT) : at + len(_COUNT) + 12].lstrip()
    end = next((n for n, byte in enumerate(digits) if not 48 <= byte <= 57), len(digits))
    return int(digits[:end]) if end else None


def _count_openai(events: Events, found: Counted) -> None:
    bare: list[int] = []
    for at_ns, data in events:
        body = decoded(data)
        if "error" in body:
            found.fault = f"an error event: {_said(body['error'])}"
            break
        tokens = _usage(body, found)
        choices = body.get("choices") or []
        if choices:
            _finish(found, choices[0].get("finish_reason"))
        if tokens is not None and (choices or found.tokens):
            # Without choices: the final usage, which is the first to tell of last tokens that have no text.
            _arrive(found, at_ns, tokens)
        elif choices and tokens is None and _may_carry(choices[0]):
            bare.append(at_ns)
    if found.tokens:
        found.basis = Basis.COUNTS
    elif bare:
        _without_counts(found, bare)


def _usage(body: dict[str, Any], found: Counted) -> int | None:
    """Take an event's usage, if it has one, and return its count of output tokens."""
    usage = body.get("usage")
    if not isinstance(usage, dict):
        return None
    tokens = count(usage.get("completion_tokens"))
    found.input_tokens = count(usage.get("prompt_tokens"))
    found.output_tokens = tokens
    found.cached_tokens = count((usage.get("prompt_tokens_details") or {}).get("cached_tokens"))
    return tokens


def _may_carry(choice: dict[str, Any]) -> bool:
    """Tell an event that may carry a token from one that only names the role or the reason of the end."""
    delta = choice.get("delta", choice)
    empty = not any(delta.get(name) for name in ("content", "text", "reasoning_content", "tool_calls"))
    return not (empty and ("role" in delta or choice.get("finish_reason") is not None))


def _without_counts(found: Counted, bare: list[int]) -> None:
    """Decide without counts: an event is a token where the final usage agrees, else only the first event is used."""
    found.basis = Basis.EVENTS if found.output_tokens == len(bare) else Basis.FIRST_EVENT
    if found.basis is Basis.EVENTS:
        for number, at_ns in enumerate(bare):
            _arrive(found, at_ns, number + 1)
    else:
        found.at_ns = [bare[0], bare[-1]] if len(bare) > 1 else bare
        found.tokens = [0] * len(found.at_ns)


def _arrive(found: Counted, at_ns: int, tokens: int) -> None:
    """Add an arrival if it brought tokens; what came with the same read came at the same time."""
    if not tokens or (found.tokens and tokens <= found.tokens[-1]):
        return
    if found.at_ns and found.at_ns[-1] == at_ns:
        found.tokens[-1] = tokens
    else:
        found.at_ns.append(at_ns)
        found.tokens.append(tokens)


def _finish(found: Counted, reason: str | None) -> None:
    found.finish_reason = reason or found.finish_reason
    if reason in BROKEN_OFF:
        found.fault = f"the engine ended its answer with {reason}"


def _said(error: Any) -> str:
    return str(error.get("message", error) if isinstance(error, dict) else error)[:200]
