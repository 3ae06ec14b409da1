"""A server that speaks as much of SGLang's protocol as parity asks for, with faults on request."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any

import orjson

from evals.client import EngineClient

Answer = tuple[int, Any]


class Script:
    """Decide what is answered, and remember what was asked; change it by overriding methods or attributes."""

    context = 4096
    pool = 16384
    flush_status = 200
    dtype = "float32"
    caches = True
    info: Mapping[str, Any] = MappingProxyType({})
    delay_s = 0.0
    decoded = (7, 8)

    def __init__(self) -> None:
        self.asked: list[tuple[str, Any]] = []
        self.most_at_once = 0
        self._lock = threading.Lock()
        self._at_once = 0

    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]

    def bodies(self, path: str) -> list[Any]:
        return [body for asked, body in self.asked if asked == path]

    def answer(self, path: str, body: Any) -> Answer:
        with self._lock:
            self.asked.append((path, body))
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        time.sleep(self.delay_s)
        try:
            return self._route(path, body)
        finally:
            with self._lock:
                self._at_once -= 1

    def _route(self, path: str, body: Any) -> Answer:
        if path == "/server_info":
            return 200, {"engine": "scripted", "max_total_num_tokens": self.pool, "dtype": self.dtype, **self.info}
        if path == "/v1/models":
            return 200, {"data": [{"id": "m", "max_model_len": self.context}]}
        if path.startswith("/flush_cache"):
            return self.flush_status, "flushed"
        return self.tokenize(body) if path == "/tokenize" else self.generate(body)

    def tokenize(self, body: Any) -> Answer:
        return 200, {"tokens": [ord(letter) for letter in body.get("prompt") or "chat"]}

    def generate(self, body: Any) -> Answer:
        ids, params = body["input_ids"], body["sampling_params"]
        start, k = body.get("logprob_start_len", 0), body.get("top_logprobs_num", 0)
        meta: dict[str, Any] = {
            "prompt_tokens": len(ids),
            "finish_reason": {"type": "length", "length": params["max_new_tokens"]},
            "cached_tokens": start if self.caches else 0,
        }
        if body.get("return_logprob"):
            meta["input_token_logprobs"] = [
                [None if n == 0 else -1.0, token, None] for n, token in enumerate(ids[start:])
            ]
            meta["input_top_logprobs"] = [None, *([top(k)] * (len(ids) - start - 1))]
            meta["output_token_logprobs"] = [[-0.5, token, None] for token in self.decoded]
            meta["output_top_logprobs"] = [top(k)] * len(self.decoded)
        return 200, {"text": "said", "output_ids": list(self.decoded), "meta_info": meta}


def top(k: int) -> list[list[Any]]:
    return [[-0.5 - number, number, None] for number in range(k)]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each answer's body waits 40 ms for the acknowledgement of its head
    script: Script

    def do_GET(self) -> None:
        self._say(*self.script.answer(self.path, None))

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._say(*self.script.answer(self.path, orjson.loads(raw) if raw else None))

    def _say(self, status: int, body: Any) -> None:
        data = body.encode() if isinstance(body, str) else orjson.dumps(body)
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


@contextmanager
def serving(script: Script) -> Iterator[str]:
    """Yield the address of a server that answers as scripted."""
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"script": script}))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def client_for(url: str) -> EngineClient:
    return EngineClient(url, tries=2, first_pause_s=0.001)
