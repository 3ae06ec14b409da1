"""The LM that lm-eval sees: it asks a running engine, and never asks what is already answered."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

from lm_eval.api.model import LM

from evals.accuracy.answering import Check, OnResponse, ask_all
from evals.accuracy.questions import Question, questions_from
from evals.client import EngineClient
from evals.errors import RequestRefusedError
from evals.result import Response, SampleKey
from evals.spec import Workload


class EngineLM(LM):  # type: ignore[misc]  # lm-eval carries no types
    """Answer lm-eval's requests from a running engine.

    connect: makes a fresh client. answered: what an earlier attempt of the job has stored; an answer counts only
    if its prompt hash is the same.
    """

    def __init__(
        self,
        *,
        connect: Callable[[], EngineClient],
        workload: Workload,
        answered: Mapping[SampleKey, Response],
        on_start: Callable[[list[Question], list[Question]], None],
        on_response: OnResponse,
        check: Check,
    ) -> None:
        super().__init__()
        self._connect = connect
        self._workload = workload
        self._answered = answered
        self._on_start = on_start
        self._on_response = on_response
        self._check = check

    def generate_until(self, requests: list[Any]) -> list[str]:
        """Return a text for each request, in order."""
        questions = questions_from(requests, api=self._workload.api, seed=self._workload.seed)
        known = {question.key: self._answered[question.key] for question in questions if self._knows(question)}
        missing = [question for question in questions if question.key not in known]
        self._on_start(questions, missing)
        fresh = asyncio.run(self._ask(missing)) if missing else []
        texts = {response.key: response.text for response in [*known.values(), *fresh]}
        return [texts[question.key] for question in questions]

    def _knows(self, question: Question) -> bool:
        stored = self._answered.get(question.key)
        return stored is not None and stored.prompt_sha256 == question.prompt_sha256

    async def _ask(self, questions: list[Question]) -> list[Response]:
        async with self._connect() as client:
            return await ask_all(
                client,
                questions,
                concurrency=self._workload.concurrency,
                on_response=self._on_response,
                check=self._check,
            )

    def apply_chat_template(self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True) -> str:
        """Return the messages as JSON; the engine applies its own template at /v1/chat/completions."""
        return json.dumps(chat_history, ensure_ascii=False)

    @property
    def tokenizer_name(self) -> str:
        """Return the name under which lm-eval would cache rendered chats; it caches none here."""
        return "engine"

    def loglikelihood(self, requests: list[Any]) -> list[tuple[float, bool]]:
        """Refuse: no suite names a log-likelihood benchmark yet."""
        raise RequestRefusedError(
            f"{self._workload.benchmark} scores log-likelihoods, which this version cannot ask for",
            remedy="choose a benchmark that generates text",
        )

    def loglikelihood_rolling(self, requests: list[Any]) -> list[float]:
        """Refuse: no suite names a perplexity benchmark yet."""
        raise RequestRefusedError(
            f"{self._workload.benchmark} scores perplexity, which this version cannot ask for",
            remedy="choose a benchmark that generates text",
        )
