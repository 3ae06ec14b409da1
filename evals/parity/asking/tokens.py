"""Token ids that a server itself makes of texts and conversations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from evals.client import EngineClient
from evals.errors import RequestRefusedError
from evals.parity.asking.prompt import Prompt
from evals.parity.asking.prompts import PromptSet, messages_for_servers
from evals.parity.records import Form, Tokenized
from evals.tokenizing import TOKENIZE


def forms_of(prompts: Sequence[Prompt]) -> list[tuple[Prompt, Form]]:
    """Return what is put to a server's own tokenizer: texts that were not cut, and conversations."""
    texts = [(prompt, Form.TEXT) for prompt in prompts if prompt.text is not None and prompt.messages is None]
    chats = [(prompt, Form.CHAT) for prompt in prompts if prompt.messages is not None]
    return [pair for pair in texts + chats if pair[0].length is None]


async def tokenized(client: EngineClient, prompt: Prompt, form: Form) -> Tokenized:
    """Return the ids that the server makes of a prompt's text or messages, None where it cannot be asked."""
    body = {"messages": messages_for_servers(prompt)} if form is Form.CHAT else {"prompt": prompt.text}
    return Tokenized(prompt=prompt.name, form=form, token_ids=await _asked(client, body))


async def resolved(client: EngineClient, prompts: PromptSet) -> PromptSet:
    """Return the prompts with the ids that a server makes of those whose ids are open; others are left out."""
    found: list[Prompt] = []
    left_out: dict[str, str] = dict(prompts.left_out)
    for prompt in prompts.prompts:
        if prompt.ids is not None or prompt.pictures:
            found.append(prompt)
            continue
        form = Form.TEXT if prompt.messages is None else Form.CHAT
        ids = (await tokenized(client, prompt, form)).token_ids
        if not ids or (prompt.length is not None and len(ids) < prompt.length):
            left_out[prompt.name] = "the server does not tell its tokens, and the model's folder is not here"
        else:
            found.append(replace(prompt, ids=ids[: prompt.length]))
    return replace(prompts, prompts=tuple(found), left_out=left_out)


async def _asked(client: EngineClient, body: Mapping[str, Any]) -> tuple[int, ...] | None:
    try:
        answer = await client.post_json_or_none(TOKENIZE, body)
    except RequestRefusedError:
        return None
    ids = answer.get("tokens") if isinstance(answer, dict) else None
    return tuple(ids) if isinstance(ids, list) and all(isinstance(number, int) for number in ids) else None
