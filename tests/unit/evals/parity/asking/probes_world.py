"""Answers of `/generate` as SGLang 0.5.23 gives them."""

from __future__ import annotations

import json
from typing import Any

from evals.parity.asking.probes import Probe
from evals.parity.asking.prompt import Prompt
from evals.parity.records import Mode

WORDS = Prompt(name="length/4", ids=(56, 57, 58, 59))
ANSWER: dict[str, Any] = {
    "text": " moon middle",
    "output_ids": [507, 458],
    "meta_info": {
        "finish_reason": {"type": "length", "length": 2},
        "prompt_tokens": 4,
        "cached_tokens": 0,
        "input_token_logprobs": [[None, 56, None], [-15.5, 57, None], [-15.75, 58, None], [-16.25, 59, None]],
        "input_top_logprobs": [
            None,
            [[-2.0, 488, None], [-2.25, 507, None]],
            [[-2.25, 488, None], [-2.5, 507, None]],
            [[-2.5, 507, None], [-2.75, 488, None]],
        ],
        "output_token_logprobs": [[-2.5, 507, None], [-0.75, 458, None]],
        "output_top_logprobs": [[[-2.5, 507, None], [-2.625, 2, None]], [[-0.75, 458, None], [-1.0, 398, None]]],
    },
}


def answer(**changes: Any) -> dict[str, Any]:
    whole: dict[str, Any] = json.loads(json.dumps(ANSWER))
    whole["meta_info"] |= changes
    return whole


def probe(prompt: Prompt = WORDS, **changes: Any) -> Probe:
    settings: dict[str, Any] = {"mode": Mode.ALONE, "top_k": 2, "decode_tokens": 2, "ids": prompt.ids}
    return Probe(prompt=prompt, **(settings | changes))
