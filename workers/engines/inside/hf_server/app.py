"""Put the routes together, with the model's state and what the server is."""

from __future__ import annotations

import time
from typing import Any

import torch
import transformers
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import Response

from . import chat_routes, completions, native, tokenizing
from .engine import Engine
from .errors import NotReadyError, RequestError
from .http import error_response, json_response
from .prefill import chunk_columns
from .requests import GenerationRequest, Sampling


def create_app(engine: Engine) -> FastAPI:
    """Return the application for one engine."""
    app = FastAPI(title="hf_server", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.engine = engine
    for module in (native, completions, chat_routes, tokenizing):
        app.include_router(module.router)
    app.add_api_route("/health", health)
    app.add_api_route("/health_generate", health_generate)
    for path in ("/model_info", "/get_model_info"):
        app.add_api_route(path, model_info)
    for path in ("/server_info", "/get_server_info"):
        app.add_api_route(path, server_info)
    app.add_api_route("/v1/models", models)
    app.add_api_route("/flush_cache", flush_cache, methods=["GET", "POST"])
    app.add_exception_handler(RequestError, on_request_error)
    app.add_exception_handler(HTTPException, on_http_error)
    return app


async def on_request_error(request: Request, error: Exception) -> Response:
    """Answer an error of ours in OpenAI's form."""
    assert isinstance(error, RequestError)
    return error_response(error)


async def on_http_error(request: Request, error: Exception) -> Response:
    """Answer FastAPI's own errors (an unknown path, a wrong method) in the same form."""
    assert isinstance(error, HTTPException)
    body = {"message": str(error.detail), "type": "invalid_request_error", "code": error.status_code}
    return json_response({"error": body}, error.status_code)


async def health(request: Request) -> Response:
    """Answer 200 once the model is warm, 503 before."""
    return Response(status_code=200 if request.app.state.engine.ready else 503)


async def health_generate(request: Request) -> Response:
    """Answer 200 if the model can still generate a token."""
    engine: Engine = request.app.state.engine
    if not engine.ready:
        raise NotReadyError("the model is still loading; wait until /health answers 200")
    await engine.generate(probe(f"health-{time.monotonic_ns()}"))
    return Response(status_code=200)


async def models(request: Request) -> Response:
    """List the one model."""
    engine: Engine = request.app.state.engine
    card = {
        "id": engine.arguments.name,
        "object": "model",
        "created": int(time.time()),
        "owned_by": "transformers",
        "root": engine.arguments.model_path,
        "parent": None,
        "max_model_len": engine.loaded.context_length,
    }
    return json_response({"object": "list", "data": [card]})


async def model_info(request: Request) -> Response:
    """Describe the model."""
    engine: Engine = request.app.state.engine
    config = engine.loaded.model.config
    return json_response(
        {
            "model_path": engine.arguments.model_path,
            "served_model_name": engine.arguments.name,
            "tokenizer_path": engine.arguments.model_path,
            "is_generation": True,
            "has_image_understanding": engine.loaded.processor is not None,
            "model_type": config.model_type,
            "architectures": config.architectures,
        }
    )


async def server_info(request: Request) -> Response:
    """Describe the server: versions, device, batching, and how busy it is."""
    engine: Engine = request.app.state.engine
    model, arguments = engine.loaded.model, engine.arguments
    info: dict[str, Any] = {
        "engine": "transformers",
        "version": transformers.__version__,
        "transformers_version": transformers.__version__,
        "torch_version": torch.__version__,
        "model_path": arguments.model_path,
        "dtype": str(model.dtype).removeprefix("torch."),
        "device": str(model.device),
        "device_name": torch.cuda.get_device_name(model.device) if model.device.type == "cuda" else None,
        "batching": engine.batching,
        "max_batch_size": arguments.max_batch_size,
        "attn_implementation": model.config._attn_implementation,
        "context_length": engine.loaded.context_length,
        "chunked_prefill_size": chunk_columns(1, engine.loaded.vocabulary),
        "disable_radix_cache": True,
        "threads": torch.get_num_threads(),
        "requests": engine.scheduler.counts(),
    }
    return json_response(info)


async def flush_cache(request: Request) -> Response:
    """Answer 200: no keys and values are kept between requests."""
    return Response("Cache flushed.\n", status_code=200)


def probe(rid: str) -> GenerationRequest:
    """Return the smallest request that runs the model."""
    return GenerationRequest(rid=rid, prompt_ids=(1,), sampling=Sampling(max_new_tokens=1, temperature=0.0))
