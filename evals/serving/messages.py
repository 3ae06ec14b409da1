"""Requests as bytes, made before the pass so that sending is one write."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from evals.serving.draws import PICTURES, stream
from evals.serving.load import PATHS, Endpoint, Load
from evals.serving.pictures import data_url, noise_png
from evals.serving.planning import Planned
from evals.serving.prompts import Prompts
from evals.transport.bodies import encoded

REQUEST_ID = "x-request-id"


def message(load: Load, planned: Planned, prompts: Prompts) -> bytes:
    """Return a whole HTTP request; its x-request-id is the request's index, by which server logs can be matched."""
    body = encoded(payload(load, planned, prompts))
    address = urlsplit(load.base_url)
    fields = {
        "Host": address.netloc.rpartition("@")[2],
        "User-Agent": "plumbline",
        "Accept": "text/event-stream",
        "Accept-Encoding": "identity",
        "Content-Type": "application/json",
        REQUEST_ID: str(planned.index),
        "Content-Length": str(len(body)),
    }
    if load.api_key:
        fields["Authorization"] = f"Bearer {load.api_key}"
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"POST {address.path.rstrip('/')}{PATHS[load.endpoint]} HTTP/1.1\r\n{head}\r\n".encode() + body


def payload(load: Load, planned: Planned, prompts: Prompts) -> dict[str, Any]:
    """Return a request's JSON body: greedy, streamed, and of the length that is asked for."""
    if load.endpoint is Endpoint.NATIVE:
        return _native(load, planned, prompts)
    options = {"include_usage": True} | ({"continuous_usage_stats": True} if load.count_events else {})
    body: dict[str, Any] = {
        "model": load.model,
        "max_tokens": planned.output_len,
        "temperature": 0,
        "stream": True,
        "stream_options": options,
    }
    if load.force_lengths:
        body["ignore_eos"] = True
    if load.endpoint is Endpoint.COMPLETIONS:
        return body | {"prompt": prompts.text(planned)}
    return body | {"messages": [{"role": "user", "content": _content(load, planned, prompts)}]}


def _native(load: Load, planned: Planned, prompts: Prompts) -> dict[str, Any]:
    sampling: dict[str, Any] = {"max_new_tokens": planned.output_len, "temperature": 0}
    if load.force_lengths:
        sampling["ignore_eos"] = True  # and no min_new_tokens, for which SGLang computes a penalty at each step
    subject = {"input_ids": prompts.ids(planned)} if planned.text is None else {"text": planned.text}
    return subject | {"sampling_params": sampling, "stream": True}


def _content(load: Load, planned: Planned, prompts: Prompts) -> Any:
    text = prompts.text(planned)
    if not load.pictures:
        return text
    rng = stream(load.seed, PICTURES, planned.index)
    urls = [data_url(noise_png(load.picture_px, rng)) for _ in range(load.pictures)]
    shown = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    return [*shown, {"type": "text", "text": text}]
