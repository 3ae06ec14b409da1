"""Ask how likely the choices of a question are: all of them from one prefill where each is a single token.

Two ways lead to the same numbers. Where every choice is one token right after the context, SGLang's native endpoint
gives all their log-probabilities at once. Otherwise each choice is sent behind the context and the engine echoes its
log-probabilities, which is what lm-eval does for every choice.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from evals.accuracy.answering import ask_for_text
from evals.accuracy.questions import ChoiceRequest, Question
from evals.client import EngineClient
from evals.errors import EngineUnreachableError, RequestRefusedError
from evals.log_likelihood import EchoRequest, Likelihood, LikelihoodAnswer, NextTokenRequest
from evals.result import Response
from evals.tokenizing import Tokenizer

_TAIL = 40
_BATCH = 64
Shape = tuple[str, tuple[str, ...]]


class ChoiceAsker:
    """Answer questions of both kinds; `prepare` must have seen them first.

    single_token, several_requests: how many choice questions went which way.
    """

    def __init__(self, tokenizer: Tokenizer, *, seed: int) -> None:
        self._tokenizer = tokenizer
        self._seed = seed
        self._tokens: dict[Shape, tuple[int, ...] | None] = {}
        self._native = True
        self.single_token = self.several_requests = 0

    async def prepare(self, client: EngineClient, questions: Sequence[Question]) -> None:
        """Find out which choices are single tokens, and whether the engine has the native endpoint."""
        asked = [(q, q.request) for q in questions if isinstance(q.request, ChoiceRequest)]
        if not asked:
            return
        contexts: dict[Shape, str] = {}
        tasks: dict[str, tuple[str, tuple[str, ...]]] = {}
        for question, request in asked:
            context, continuations = split_request(request)
            contexts.setdefault(_shape(request), _tail(context))
            tasks.setdefault(question.key.task, (context, continuations))
        if len(contexts) > len(asked) // 2 and len(asked) > _BATCH:
            return  # The choices are texts of their own; each question finds out for itself.
        for shape, tail in contexts.items():
            self._tokens[shape] = await self._next_tokens(tail, shape[1])
        for context, continuations in tasks.values():
            await self._confirm(context, continuations)
        await self._find_native(client, [request for _, request in asked])

    async def ask(self, client: EngineClient, question: Question) -> Response:
        """Return the answer to one question."""
        request = question.request
        if not isinstance(request, ChoiceRequest):
            return await ask_for_text(client, question)
        sent_at, started = time.time(), time.perf_counter()
        tokens = self._tokens.get(_shape(request))
        if tokens is not None and self._native:
            self.single_token += 1
            context, _ = split_request(request)
            answer, attempts = await client.ask(NextTokenRequest(prompt=context, token_ids=tokens))
        else:
            self.several_requests += 1
            answer, attempts = await self._one_by_one(client, request)
        return Response(
            key=question.key,
            prompt_sha256=question.prompt_sha256,
            request_sha256=question.request_sha256,
            text="",
            finish_reason=None,
            prompt_tokens=answer.prompt_tokens,
            completion_tokens=None,
            sent_at=sent_at,
            ended_at=sent_at + time.perf_counter() - started,
            attempts=attempts,
            log_probabilities=tuple(likelihood.log_probability for likelihood in answer.likelihoods),
            greedy=tuple(likelihood.is_greedy for likelihood in answer.likelihoods),
        )

    def describe(self) -> dict[str, str]:
        """Say how many choice questions took one prefill, and how many took a request for each choice."""
        counts = {"one_prefill": self.single_token, "request_for_each_choice": self.several_requests}
        return {name: str(count) for name, count in counts.items() if count}

    async def _next_tokens(self, context: str, continuations: tuple[str, ...]) -> tuple[int, ...] | None:
        """Return the one token of each continuation, or None when one of them is not exactly one more token."""
        alone, *whole = await self._tokenizer.encode([context, *(context + text for text in continuations)])
        ends = [ids[len(alone) :] if ids[: len(alone)] == alone else [] for ids in whole]
        return tuple(end[0] for end in ends) if all(len(end) == 1 for end in ends) else None

    async def _confirm(self, context: str, continuations: tuple[str, ...]) -> None:
        """Hold what a context's last line says of its tokens against the whole context; the latter is right."""
        shape = (_tail(context), continuations)
        if self._tokens[shape] is not None and await self._next_tokens(context, continuations) != self._tokens[shape]:
            self._tokens[shape] = None

    async def _find_native(self, client: EngineClient, requests: Sequence[ChoiceRequest]) -> None:
        """Ask one question natively; an engine that refuses it, for whatever reason, is asked by echo."""
        for request in requests:
            tokens = self._tokens.get(_shape(request))
            if tokens is not None:
                try:
                    await client.ask(NextTokenRequest(prompt=split_request(request)[0], token_ids=tokens))
                except (RequestRefusedError, EngineUnreachableError):
                    self._native = False
                return

    async def _one_by_one(self, client: EngineClient, request: ChoiceRequest) -> tuple[LikelihoodAnswer, int]:
        context, continuations = split_request(request)
        alone, *whole = await self._tokenizer.encode([context, *(context + text for text in continuations)])
        if not alone:
            raise RequestRefusedError(
                "a choice stands without any context, and this model's tokenizer puts no token before it",
                remedy="choose a benchmark or a metric that needs no unconditional log-probabilities",
            )
        likelihoods: list[Likelihood] = []
        attempts, prompt_tokens = 0, None
        for ids in whole:
            echo = EchoRequest(token_ids=tuple(ids), context_length=len(alone), seed=self._seed)
            answer, tries = await client.ask(echo)
            likelihoods += answer.likelihoods
            attempts = max(attempts, tries)
            prompt_tokens = _sum(prompt_tokens, answer.prompt_tokens)
        return LikelihoodAnswer(likelihoods=tuple(likelihoods), prompt_tokens=prompt_tokens), attempts


def _tail(context: str) -> str:
    """Return a context's last line, which is what its last tokens can depend on."""
    start = context.rfind("\n", 0, max(len(context) - 1, 0))
    return context[start:] if start >= 0 and len(context) - start <= _TAIL else context[-_TAIL:]


def _shape(request: ChoiceRequest) -> Shape:
    context, continuations = split_request(request)
    return _tail(context), continuations


def split_request(request: ChoiceRequest) -> tuple[str, tuple[str, ...]]:
    """Move spaces at a context's end into the continuations, where the tokenizer wants them (so does lm-eval)."""
    context = request.context.rstrip()
    spaces = request.context[len(context) :]
    return context, tuple(spaces + text for text in request.continuations)


def _sum(total: int | None, more: int | None) -> int | None:
    return more if total is None else total if more is None else total + more
