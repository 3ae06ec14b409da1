"""Whole answers in GitHub's form: every field that its description requires, with a value of its type."""

from __future__ import annotations

import types
from datetime import datetime
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

_PLAIN = {int: 1, bool: False, float: 1.0, datetime: "2026-11-26T00:00:00Z", Any: None, type(None): None}


def filled(model: type[BaseModel], **known: Any) -> dict[str, Any]:
    """Return a JSON object of a model: what is known, and for the other required fields whatever their type allows."""
    return {**_blank(model), **known}


@cache
def _blank(model: type[BaseModel]) -> dict[str, Any]:
    return {
        field.alias or name: _value(field.annotation, field.alias or name)
        for name, field in model.model_fields.items()
        if field.is_required()
    }


def _value(kind: Any, name: str) -> Any:
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _value(parts[0], name)
    if origin is Literal:
        return parts[0]
    if origin in (Union, types.UnionType):
        return None if type(None) in parts else _value(parts[0], name)
    if origin in (list, dict):
        return origin()
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return dict(_blank(kind))
    if kind is str:
        return "https://example.org/x" if name == "href" or name.endswith("url") else "x"
    return _PLAIN[kind]
