"""Put the checks' prompts to the running server, so that its greedy texts can be held against the other ways."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from evals.client import EngineClient
from evals.engine_checks.output import DECODED, PROMPTS
from evals.engine_checks.settings import EngineCheckSettings
from evals.parity.asking.prompts import prompt_set
from evals.parity.settings import ParitySettings
from evals.spec import ModelSpec
from workers.model_files import known_folder

_TEXTS = ("classic/", "language/german", "code/", "digits/")
_PICTURES = "image/"


@dataclass(frozen=True)
class Greedy:
    """Ask SGLang's native endpoint for a greedy text."""

    body: Mapping[str, Any]
    path: str = "/generate"

    def payload(self, model: str) -> dict[str, Any]:
        """Return the JSON body."""
        return dict(self.body)

    def read(self, body: Any) -> str:
        """Return the text."""
        return str(body["text"])


def offline_requests(settings: EngineCheckSettings, model: ModelSpec) -> dict[str, dict[str, Any]]:
    """Return what is asked of server and offline engine, by name: the classic prompts, a few more, and pictures."""
    pictures = settings.model_type != "text"
    wanted = (*_TEXTS, _PICTURES) if pictures else _TEXTS
    prompts = prompt_set(ParitySettings(images=pictures), known_folder(model)).prompts
    sampling = {"temperature": 0, "max_new_tokens": settings.max_tokens}
    found: dict[str, dict[str, Any]] = {}
    for prompt in prompts:
        if prompt.name.startswith(wanted) and prompt.text is not None:
            shown = [picture.data_url() for picture in prompt.pictures]
            found[prompt.name] = {"text": prompt.text, "sampling_params": sampling}
            found[prompt.name] |= {"image_data": shown} if shown else {}
    return found


def lacks_pictures(settings: EngineCheckSettings, requests: Mapping[str, Mapping[str, Any]]) -> bool:
    """Tell whether pictures were asked for and no request has any."""
    return settings.model_type == "vlm" and not any("image_data" in body for body in requests.values())


def one_batch_requests() -> dict[str, dict[str, Any]]:
    """Return one_batch's prompts as requests whose answers are as long as its own."""
    sampling = {"temperature": 0, "max_new_tokens": DECODED, "ignore_eos": True, "skip_special_tokens": False}
    return {prompt: {"text": prompt, "sampling_params": sampling} for prompt in PROMPTS}


def ask_server(
    base_url: str, requests: Mapping[str, Mapping[str, Any]], *, check: Callable[[], None]
) -> dict[str, str]:
    """Return the server's texts, asked one after the other with an empty prefix cache.

    check: asked before each request. Raises the client's EngineUnreachableError and RequestRefusedError.
    """
    return asyncio.run(_ask(base_url, requests, check))


async def _ask(base_url: str, requests: Mapping[str, Mapping[str, Any]], check: Callable[[], None]) -> dict[str, str]:
    answers = {}
    async with EngineClient(base_url, concurrency=1) as client:
        await client.post_status("/flush_cache")
        for name, body in requests.items():
            check()
            answers[name], _ = await client.ask(Greedy(body))
    return answers
