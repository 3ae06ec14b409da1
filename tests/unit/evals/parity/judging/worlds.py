"""Observations of a small made-up model, whose noise and faults are known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from evals.parity.records import CHUNK, RUNNING, Form, Mode, Observation, Record, Scored, Tokenized

VOCABULARY = 40
TOP_K = 10
KINDS = ("text", "code", "long")
OF_A_KIND = 10
DECODED = 12

Noise = Callable[[str], float]


@cache
def truth() -> dict[str, tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]]:
    """Each prompt's ids, and the exact logits of its prefill and of its decode."""
    rng = np.random.default_rng(7)
    found = {}
    for kind in KINDS:
        for index in range(OF_A_KIND):
            n = int(rng.integers(70, 120))
            ids = rng.integers(0, VOCABULARY, n)
            found[f"{kind}/{index}"] = (
                ids,
                rng.normal(0, 3, (n - 1, VOCABULARY)),
                rng.normal(0, 3, (DECODED, VOCABULARY)),
            )
    return found


def scored(logits: NDArray[np.float64], ids: Sequence[int]) -> Scored:
    logprobs = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    order = np.argsort(-logprobs, axis=1)[:, :TOP_K]
    return Scored(
        token_ids=tuple(int(token) for token in ids),
        logprobs=tuple(float(row[token]) for row, token in zip(logprobs, ids, strict=True)),
        top_ids=tuple(tuple(int(token) for token in row) for row in order),
        top_logprobs=tuple(tuple(float(row[token]) for token in top) for row, top in zip(logprobs, order, strict=True)),
    )


def record(prompt: str, mode: Mode, noise: float, rng: np.random.Generator) -> Record:
    ids, prefill, decode = truth()[prompt]
    known = len(prefill) // 2 if mode is Mode.CACHED else 0
    decode = decode + rng.normal(0, noise, decode.shape)
    return Record(
        prompt=prompt,
        mode=mode,
        prompt_ids=tuple(int(token) for token in ids),
        start=1 + known,
        prefill=scored((prefill + rng.normal(0, noise, prefill.shape))[known:], ids[1 + known :]),
        decode=scored(decode, decode.argmax(axis=1)),
        text="",
        finish_reason="length",
        cached_tokens=known if mode is Mode.CACHED else 0,
    )


def observed(
    noise: float | Noise, seed: int, *, modes: Sequence[Mode] = (Mode.ALONE,), facts: dict[str, str] | None = None
) -> Observation:
    """What a server says whose logits are off by normal noise, of one size or of one for each prompt."""
    rng = np.random.default_rng(seed)
    size = noise if callable(noise) else lambda prompt: noise
    return Observation(
        records=tuple(record(prompt, mode, size(prompt), rng) for mode in modes for prompt in truth()),
        tokenized=tuple(
            Tokenized(prompt=prompt, form=form, token_ids=(1, 2, 3)) for prompt in list(truth())[:4] for form in Form
        ),
        facts=facts or {"prompts_sha256": "p"},
        limits={CHUNK: 4096, RUNNING: 64},
    )


def in_chunks(noise: float | Noise, seed: int, *, facts: dict[str, str] | None = None, chunk: int = 80) -> Observation:
    """What the candidate's engine says with small prefill chunks."""
    return replace(observed(noise, seed, facts=facts), limits={CHUNK: chunk})
