"""A model's own chat template, rendered as Hugging Face renders it, so that nothing depends on a server's copy."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import jinja2
from jinja2.ext import Extension
from jinja2.nodes import Node
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

_TODAY = datetime(2026, 1, 15)
"""What templates that write the date are told: prompts must be the same on every day."""

_TOKENS = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")


class TemplateRefusedError(Exception):
    """A chat template does not take a conversation; the message says why."""


@dataclass(frozen=True, kw_only=True)
class ChatTemplate:
    """Hold a template's source and the special tokens it may name."""

    source: str
    tokens: dict[str, str]

    def render(self, messages: Sequence[dict[str, Any]]) -> str:
        """Return the prompt's text up to where the assistant answers; raises TemplateRefusedError."""
        try:
            template = _environment().from_string(self.source)
            return template.render(
                messages=list(messages), tools=None, documents=None, add_generation_prompt=True, **self.tokens
            )
        except (jinja2.TemplateError, TypeError, ValueError, KeyError, AttributeError) as error:
            raise TemplateRefusedError(str(error) or type(error).__name__) from error


def load_template(folder: Path) -> ChatTemplate | None:
    """Return the chat template in a model's folder, None when it has none."""
    config = read_json(folder / "tokenizer_config.json")
    source = _source(folder, config)
    if source is None:
        return None
    tokens = {name: content for name in _TOKENS if (content := _content(config.get(name))) is not None}
    return ChatTemplate(source=source, tokens=tokens)


def read_json(path: Path) -> dict[str, Any]:
    """Return a file's JSON object, an empty one when there is none."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _source(folder: Path, config: dict[str, Any]) -> str | None:
    """Return the template's text; of the places for it, the first that is there counts, as in transformers."""
    file = folder / "chat_template.jinja"
    if file.is_file():
        return file.read_text(encoding="utf-8")
    found = read_json(folder / "chat_template.json").get("chat_template") or config.get("chat_template")
    if isinstance(found, list):  # several with names
        found = {entry.get("name"): entry.get("template") for entry in found if isinstance(entry, dict)}
    if isinstance(found, dict):
        found = found.get("default")
    return found if isinstance(found, str) else None


def _content(token: Any) -> str | None:
    value = token.get("content") if isinstance(token, dict) else token
    return value if isinstance(value, str) else None


def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols", _Generation]
    )
    environment.filters["tojson"] = _to_json
    environment.globals["raise_exception"] = _refuse
    environment.globals["strftime_now"] = _TODAY.strftime
    return environment


def _to_json(value: Any, indent: int | None = None, ensure_ascii: bool = False, **options: Any) -> str:
    """Write JSON; jinja's own filter would escape what stands for HTML's characters."""
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, **options)


def _refuse(message: str) -> None:
    raise jinja2.TemplateError(message)


class _Generation(Extension):
    """Take `{% generation %}`, which marks an assistant's words for training, and leave what stands in it."""

    tags = {"generation"}  # noqa: RUF012  # jinja's own attribute

    def parse(self, parser: Parser) -> Node | list[Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)
