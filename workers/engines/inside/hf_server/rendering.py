"""Write outputs in the forms SGLang and OpenAI use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .detokenize import token_bytes, token_text
from .requests import GenerationRequest, Output, PositionLogprobs

Triple = tuple[float | None, int, str | None]


def native_body(tokenizer: Any, request: GenerationRequest, output: Output, with_text: bool) -> dict[str, Any]:
    """Return the answer of `/generate`."""
    meta: dict[str, Any] = {
        "id": output.rid,
        "finish_reason": output.finish.body() if output.finish else None,
        "prompt_tokens": output.prompt_tokens,
    }
    if request.logprobs is not None:
        meta |= native_logprobs(tokenizer if with_text else None, request, output)
    meta |= {"completion_tokens": len(output.token_ids), "cached_tokens": 0}
    if output.finished_s is not None:
        meta["e2e_latency"] = output.finished_s - output.started_s
    return {"text": output.text, "output_ids": list(output.token_ids), "meta_info": meta}


def native_logprobs(tokenizer: Any | None, request: GenerationRequest, output: Output) -> dict[str, Any]:
    """Return the log-probability fields of `meta_info`; texts are null without a tokenizer."""
    assert request.logprobs is not None
    sides = {"input": output.prompt_logprobs, "output": output.logprobs}
    fields: dict[str, Any] = {}
    for side, positions in sides.items():
        known = [(position.logprob, position.token_id) for position in positions if position.token_id is not None]
        fields[f"{side}_token_logprobs"] = [triple(tokenizer, *pair) for pair in known]
        if request.logprobs.top:
            fields[f"{side}_top_logprobs"] = [triples(tokenizer, position.top) for position in positions]
        if request.logprobs.token_ids is not None:
            fields[f"{side}_token_ids_logprobs"] = [triples(tokenizer, position.chosen) for position in positions]
    fields["output_token_logprobs_length"] = len(fields["output_token_logprobs"])
    return fields


def triple(tokenizer: Any | None, logprob: float | None, token_id: int) -> Triple:
    """Return SGLang's form of one log-probability."""
    return logprob, token_id, None if tokenizer is None else tokenizer.decode([token_id])


def triples(tokenizer: Any | None, pairs: Sequence[tuple[float, int]] | None) -> list[Triple] | None:
    """Return SGLang's form of several log-probabilities at one position; null where there are none."""
    return None if pairs is None else [triple(tokenizer, logprob, token_id) for logprob, token_id in pairs]


def completion_logprobs(tokenizer: Any, positions: Sequence[PositionLogprobs]) -> dict[str, list[Any]]:
    """Return OpenAI's `logprobs` of a completion; as in SGLang, offsets are -1 (unknown)."""
    known = [position for position in positions if position.token_id is not None]
    return {
        "text_offset": [-1] * len(known),
        "token_logprobs": [position.logprob for position in known],
        "tokens": [token_text(tokenizer, position.token_id) for position in known if position.token_id is not None],
        "top_logprobs": [
            None if position.top is None else {token_text(tokenizer, i): logprob for logprob, i in position.top}
            for position in known
        ],
    }


def chat_logprobs(tokenizer: Any, positions: Sequence[PositionLogprobs]) -> dict[str, list[Any]]:
    """Return OpenAI's `logprobs` of a chat answer."""
    return {
        "content": [
            chat_token(tokenizer, position.logprob, position.token_id)
            | {"top_logprobs": [chat_token(tokenizer, logprob, i) for logprob, i in position.top or ()]}
            for position in positions
            if position.token_id is not None
        ]
    }


def chat_token(tokenizer: Any, logprob: float | None, token_id: int) -> dict[str, Any]:
    """Return one token with its bytes."""
    raw = token_bytes(tokenizer, token_id)
    return {"token": tokenizer.decode([token_id]), "bytes": list(raw), "logprob": logprob}


def usage(outputs: Sequence[Output]) -> dict[str, int]:
    """Return OpenAI's token counts."""
    prompt = sum(output.prompt_tokens for output in outputs)
    completion = sum(len(output.token_ids) for output in outputs)
    return {"prompt_tokens": prompt, "total_tokens": prompt + completion, "completion_tokens": completion}


def finish_fields(output: Output) -> dict[str, Any]:
    """Return OpenAI's finish reason and SGLang's matched stop; both null while the answer goes on."""
    finish = output.finish
    return {"finish_reason": finish.kind if finish else None, "matched_stop": finish.matched if finish else None}
