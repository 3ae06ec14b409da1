"""Requests for log-probabilities: all of a question's choices from one prefill, or one continuation after the other."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Any

from evals.protocol import count


@dataclass(frozen=True, kw_only=True)
class Likelihood:
    """Say how likely a continuation is: the sum of its tokens' log-probabilities, and whether greedy chooses it."""

    log_probability: float
    is_greedy: bool


@dataclass(frozen=True, kw_only=True)
class LikelihoodAnswer:
    """Hold one likelihood for each continuation of a request, in order."""

    likelihoods: tuple[Likelihood, ...]
    prompt_tokens: int | None


@dataclass(frozen=True, kw_only=True)
class NextTokenRequest:
    """Ask SGLang's native endpoint how likely each of some tokens is right after a prompt: one prefill for all."""

    prompt: str
    token_ids: tuple[int, ...]
    path: str = "/generate"

    def payload(self, model: str) -> dict[str, Any]:
        """Return the JSON body; the one greedy token is what tells whether a choice is the likeliest of all tokens."""
        return {
            "text": self.prompt,
            "sampling_params": {"max_new_tokens": 1, "temperature": 0},
            "return_logprob": True,
            "logprob_start_len": -1,
            "token_ids_logprob": list(self.token_ids),
        }

    def read(self, body: Any) -> LikelihoodAnswer:
        """Read the answer of `/generate`; raise KeyError, IndexError, TypeError or ValueError when it is not one."""
        meta = body["meta_info"]
        greedy = meta["output_token_logprobs"][0][1]
        found = {entry[1]: entry[0] for entry in meta["output_token_ids_logprobs"][0]}
        likelihoods = tuple(
            Likelihood(log_probability=_number(found[token]), is_greedy=token == greedy) for token in self.token_ids
        )
        return LikelihoodAnswer(likelihoods=likelihoods, prompt_tokens=count(meta.get("prompt_tokens")))


@dataclass(frozen=True, kw_only=True)
class EchoRequest:
    """Ask for the log-probabilities of a prompt's own last tokens, as lm-eval's local-completions does.

    token_ids: context and continuation; context_length: how many of them are context.
    """

    token_ids: tuple[int, ...]
    context_length: int
    seed: int | None = None
    path: str = "/v1/completions"

    def payload(self, model: str) -> dict[str, Any]:
        """Return the JSON body; the one token that is generated is left out of the sum."""
        body = {"model": model, "prompt": list(self.token_ids), "temperature": 0, "max_tokens": 1, "logprobs": 1}
        return {**body, "echo": True} if self.seed is None else {**body, "echo": True, "seed": self.seed}

    def read(self, body: Any) -> LikelihoodAnswer:
        """Read the answer of `/v1/completions`; raise KeyError, IndexError, TypeError or ValueError if it is none."""
        logprobs = body["choices"][0]["logprobs"]
        end = len(self.token_ids)
        own = [_number(value) for value in logprobs["token_logprobs"][self.context_length : end]]
        best = [max(top.values()) for top in logprobs["top_logprobs"][self.context_length : end]]
        if len(own) != end - self.context_length or len(best) != len(own):
            raise ValueError("the answer does not cover the continuation")
        likelihood = Likelihood(log_probability=sum(own), is_greedy=own == best)
        usage = body.get("usage")
        tokens = count(usage.get("prompt_tokens")) if isinstance(usage, dict) else None
        return LikelihoodAnswer(likelihoods=(likelihood,), prompt_tokens=tokens)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise TypeError("a log-probability is no number")
    return float(value)
