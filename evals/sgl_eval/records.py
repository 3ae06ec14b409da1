"""Read the lines that our driver writes inside sgl-eval's environment: one for each judged answer.

The lines carry models' output; every field is checked, and what is not as it must be raises HarnessFailedError.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from evals.accuracy.questions import Asked, sha256_of
from evals.errors import DatasetError, EngineUnreachableError, PlumblineError, RequestRefusedError
from evals.protocol import count
from evals.result import Response, SampleKey, Score
from evals.sgl_eval.errors import HarnessFailedError
from evals.sgl_eval.fields import a_list, a_number, a_real, a_text, a_text_or_none, an_object

_EXCERPT = 300


@dataclass(frozen=True, kw_only=True)
class Started:
    """Keep what the driver says first.

    nemo_skills: the commit that sgl-eval's prompts and scorers were copied from. generation: what every request
    carries besides its messages. asked: the items that sgl-eval takes. skipped: those that it leaves out, with why.
    """

    version: str
    nemo_skills: str
    generation: dict[str, Any]
    asked: frozenset[int]
    skipped: dict[int, str]


@dataclass(frozen=True, kw_only=True)
class Judged:
    """Hold one answer's judgement; `response` is None for an answer that was stored before and is only judged."""

    asked: Asked
    response: Response | None
    score: Score


@dataclass(frozen=True, kw_only=True)
class Failed:
    """Hold the reason why the driver gave up."""

    error: PlumblineError


@dataclass(frozen=True, kw_only=True)
class Done:
    """Mark the end: this many answers were judged."""

    judged: int


Record = Started | Judged | Failed | Done


def read_record(line: bytes | str, *, benchmark: str, metric: str) -> Record:
    """Return the record of a line; raise HarnessFailedError when it is none.

    benchmark: such as "sgl-eval/gsm8k". metric: as "metric,filter".
    """
    try:
        values = an_object(json.loads(line))
        match values["kind"]:
            case "start":
                return _started(values)
            case "judged":
                return _judged(values, benchmark, metric)
            case "failed":
                return Failed(error=_failure(values))
            case "done":
                return Done(judged=a_number(values["judged"]))
        raise ValueError(f"an unknown kind of record, {values['kind']!r}")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _nonsense(line, error) from error


def _started(values: dict[str, Any]) -> Started:
    return Started(
        version=a_text(values["version"]),
        nemo_skills=a_text(values["nemo_skills"]),
        generation=an_object(values["generation"]),
        asked=frozenset(a_number(doc_id) for doc_id in a_list(values["asked"])),
        skipped={int(doc_id): a_text(reason) for doc_id, reason in an_object(values["skipped"]).items()},
    )


def _judged(values: dict[str, Any], benchmark: str, metric: str) -> Judged:
    prompt = a_text(values["prompt"])
    key = SampleKey(task=benchmark, doc_id=a_number(values["doc_id"]), repeat=a_number(values["repeat"]))
    asked = Asked(key=key, prompt=prompt, prompt_sha256=sha256_of(prompt))
    answer = values["answer"]
    return Judged(
        asked=asked,
        response=None if answer is None else _response(asked, an_object(answer)),
        score=_score(asked, values, metric),
    )


def _response(asked: Asked, answer: dict[str, Any]) -> Response:
    sent_at, ended_at = a_real(answer["sent_at"]), a_real(answer["ended_at"])
    return Response(
        key=asked.key,
        prompt_sha256=asked.prompt_sha256,
        request_sha256=a_text(answer["request_sha256"]),
        text=a_text(answer["text"]),
        finish_reason=a_text_or_none(answer["finish_reason"]),
        prompt_tokens=count(answer["prompt_tokens"]),
        completion_tokens=count(answer["completion_tokens"]),
        sent_at=sent_at,
        ended_at=max(sent_at, ended_at),
        attempts=max(1, a_number(answer["attempts"])),
        reasoning=a_text_or_none(answer["reasoning"]),
    )


def _score(asked: Asked, values: dict[str, Any], metric: str) -> Score:
    extracted, value = a_text_or_none(values["extracted"]), a_real(values["score"])
    if value not in (0.0, 1.0):
        raise ValueError("a score that is neither 0 nor 1")
    return Score(
        task=asked.key.task,
        doc_id=asked.key.doc_id,
        metric=metric,
        value=value,
        parsed=extracted is not None,
        extracted=extracted,
        gold=a_text(values["gold"]),
        prompt_sha256=asked.prompt_sha256,
        repeat=asked.key.repeat,
    )


def _failure(values: dict[str, Any]) -> PlumblineError:
    message = a_text(values["message"])[:_EXCERPT]
    match values["cause"]:
        case "refused":
            return RequestRefusedError(
                f"the engine refused a request: {message}",
                remedy="check the benchmark's settings (context length, sampling, chat template) for this model",
                status=count(values["status"]),
            )
        case "unreachable":
            return EngineUnreachableError(
                f"the engine did not answer one of sgl-eval's requests: {message}",
                remedy="look at the engine's log; the job is tried again by itself",
            )
        case "items":
            return DatasetError(
                f"sgl-eval cannot read the benchmark's items: {message}", remedy="check the data files it was given"
            )
    raise ValueError(f"an unknown cause, {values['cause']!r}")


def _nonsense(line: bytes | str, error: Exception) -> HarnessFailedError:
    text = line.decode(errors="replace") if isinstance(line, bytes) else line
    return HarnessFailedError(
        f"sgl-eval's driver wrote a line that cannot be read ({type(error).__name__}: {str(error)[:_EXCERPT]})",
        remedy="run the job again; if this repeats, install the harness again",
        line=text[:_EXCERPT],
    )
