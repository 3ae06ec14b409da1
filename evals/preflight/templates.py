"""The rule about a chat template that takes images: the model folder's own, or one of SGLang's conversations."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from evals.preflight.findings import Finding, Rule, Severity
from evals.preflight.modules import Module
from evals.preflight.subject import Subject

TEMPLATE = Rule("chat-template", Severity.ERROR)

CONVERSATIONS = "sglang.srt.parser.conversation"
MODEL_TYPES = "MODEL_TYPE_TO_TEMPLATE"
MATCHING = "register_conv_template_matching_function"
SEEING = ("image", "vision")
"""A template with one of these words iterates over the parts of a message's content; SGLang looks for the same."""


def chat_template(subject: Subject) -> Iterator[Finding]:
    """Find multimodal models whose template has no place for an image; without the model's folder nothing is said."""
    folder, config = subject.model.folder, subject.model.config or {}
    if folder is None or not subject.multimodal_entries or not config.get("vision_config"):
        return
    found = folder_template(folder)
    if found is not None and any(word in found[1] for word in SEEING):
        return
    if has_conversation(subject, folder, str(config.get("model_type", ""))):
        return
    path = folder if found is None else found[0]
    what = "there is no chat template" if found is None else "the chat template has no place for an image"
    yield TEMPLATE.at(
        path,
        None,
        f"{what}, and none of SGLang's conversations is for this model",
        remedy="Add chat_template.jinja with the image's placeholder for parts of type image, or register a "
        "conversation in sglang/srt/parser/conversation.py.",
    )


def folder_template(folder: Path) -> tuple[Path, str] | None:
    """Return a model folder's chat template and the file that holds it; of several named ones, all together."""
    plain = folder / "chat_template.jinja"
    if plain.is_file():
        return plain, plain.read_text(errors="replace")
    for name in ("chat_template.json", "processor_config.json", "tokenizer_config.json"):
        value = _read(folder / name).get("chat_template")
        if isinstance(value, str):
            return folder / name, value
        if isinstance(value, list):
            return folder / name, "\n".join(str(item.get("template")) for item in value if isinstance(item, dict))
    return None


def has_conversation(subject: Subject, folder: Path, model_type: str) -> bool:
    """Tell whether one of SGLang's conversations is chosen for a folder's name or a model's type."""
    module = subject.symbols.tree.module(CONVERSATIONS)
    if module is None:
        return False
    types = next((node for node in module.bindings.get(MODEL_TYPES, ()) if isinstance(node, ast.Dict)), None)
    if types is not None and any(isinstance(key, ast.Constant) and key.value == model_type for key in types.keys):
        return True
    return any(re.search(pattern, str(folder), re.IGNORECASE) for pattern in _patterns(module))


def _patterns(module: Module) -> Iterator[str]:
    """Yield the patterns by which matching functions know a model's path."""
    for node in module.tree.body:
        if not isinstance(node, ast.FunctionDef) or MATCHING not in map(ast.unparse, node.decorator_list):
            continue
        for inner in ast.walk(node):
            match inner:
                case ast.Call(func=ast.Attribute(attr="search" | "match"), args=[ast.Constant(value=str(text)), *_]):
                    yield text
                case ast.Compare(left=ast.Constant(value=str(text)), ops=[ast.In()]):
                    yield re.escape(text)


def _read(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}
