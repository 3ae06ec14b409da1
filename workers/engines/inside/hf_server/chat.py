"""Turn chat messages into a prompt: the chat template, and images as the model's processor wants them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jinja2
import jinja2.meta
import jinja2.nodes
from PIL import Image

from .errors import BadRequestError
from .images import TEXT_ONLY, ImagePrompt, read_image, with_images
from .loading import LoadedModel

ROLES = ("system", "developer", "user", "assistant", "tool")
IMAGE_PARTS = ("image_url", "input_image")


def build_prompt(
    loaded: LoadedModel, messages: Sequence[dict[str, Any]], template_arguments: dict[str, Any], continue_last: bool
) -> ImagePrompt:
    """Apply the chat template and the image processor; raise BadRequestError for messages they cannot take."""
    text, images = render(loaded, messages, template_arguments, continue_last)
    if images:
        return with_images(loaded, text, images)
    return ImagePrompt(ids=tuple(loaded.tokenizer.encode(text, add_special_tokens=False)))


def render(
    loaded: LoadedModel, messages: Sequence[dict[str, Any]], template_arguments: dict[str, Any], continue_last: bool
) -> tuple[str, list[Image.Image]]:
    """Return a conversation's text, with a place for each image, and the images."""
    images: list[Image.Image] = []
    in_parts = template_takes_parts(chat_template(loaded))
    if loaded.processor is None and any(map(has_image, messages)):
        raise BadRequestError(TEXT_ONLY)
    plain = [plain_message(message, images, in_parts) for message in messages]
    return apply_template(loaded, plain, template_arguments, continue_last), images


def chat_template(loaded: LoadedModel) -> str:
    """Return the model's chat template."""
    template = loaded.tokenizer.chat_template or getattr(loaded.processor, "chat_template", None)
    if isinstance(template, dict):
        template = template.get("default")
    if not template:
        raise BadRequestError(
            "this model has no chat template; pass --chat-template to the server, or use /v1/completions"
        )
    return str(template)


def apply_template(
    loaded: LoadedModel, messages: list[dict[str, Any]], arguments: dict[str, Any], continue_last: bool
) -> str:
    """Return the prompt's text."""
    try:
        text = loaded.tokenizer.apply_chat_template(
            messages,
            chat_template=chat_template(loaded),
            tokenize=False,
            add_generation_prompt=not continue_last,
            continue_final_message=continue_last,
            **arguments,
        )
    except (jinja2.TemplateError, ValueError, TypeError) as error:
        raise BadRequestError(f"the chat template refused the messages: {error}") from error
    return str(text)


def plain_message(message: dict[str, Any], images: list[Image.Image], in_parts: bool) -> dict[str, Any]:
    """Return a message as templates expect it and collect its images in order."""
    role, content = message.get("role"), message.get("content")
    if role not in ROLES:
        raise BadRequestError(f"a message's role must be one of {', '.join(ROLES)}, not {role!r}")
    if content is None or isinstance(content, str):
        return message | {"content": content or ""}
    if not isinstance(content, list):
        raise BadRequestError("a message's content must be a string or a list of parts")
    parts = [plain_part(part, images) for part in content]
    if in_parts:
        return message | {"content": parts}
    return message | {"content": " ".join(part["text"] for part in parts if part["type"] == "text")}


def has_image(message: dict[str, Any]) -> bool:
    """Tell whether a message has a part that is an image."""
    content = message.get("content")
    return isinstance(content, list) and any(isinstance(p, dict) and p.get("type") in IMAGE_PARTS for p in content)


def plain_part(part: Any, images: list[Image.Image]) -> dict[str, Any]:
    """Return one part of a message; an image leaves a mark and goes to the list."""
    kind = part.get("type") if isinstance(part, dict) else None
    if kind == "text" and isinstance(part.get("text"), str):
        return {"type": "text", "text": part["text"]}
    if kind in IMAGE_PARTS:
        address = part.get("image_url")
        images.append(read_image(address.get("url") if isinstance(address, dict) else address))
        return {"type": "image"}
    raise BadRequestError(f"a part of a message must be a text or an image_url, not {kind!r}")


def template_takes_parts(template: str) -> bool:
    """Tell whether a chat template goes through the parts of a message's content, or wants a single string."""
    try:
        tree = jinja2.Environment(extensions=["jinja2.ext.loopcontrols"]).parse(template)
    except jinja2.TemplateError:
        return False
    names = {"content"} | {
        assignment.target.name
        for assignment in tree.find_all(jinja2.nodes.Assign)
        if isinstance(assignment.target, jinja2.nodes.Name) and reads_content(assignment.node)
    }
    return any(
        reads_content(loop.iter) or (isinstance(loop.iter, jinja2.nodes.Name) and loop.iter.name in names)
        for loop in tree.find_all(jinja2.nodes.For)
    )


def reads_content(node: jinja2.nodes.Node) -> bool:
    """Tell whether an expression is a message's content."""
    if isinstance(node, jinja2.nodes.Getattr):
        return node.attr == "content"
    return (
        isinstance(node, jinja2.nodes.Getitem)
        and isinstance(node.arg, jinja2.nodes.Const)
        and node.arg.value == "content"
    )
