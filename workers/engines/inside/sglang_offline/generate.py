"""Ask SGLang's offline engine for greedy texts, one request at a time; run by path inside SGLang's environment.

    python generate.py ASKED.json ANSWERS.json

ASKED: {"arguments": the launch's command-line arguments, "requests": what /generate would be sent, by name}.
ANSWERS: {"generate": {name: text}, "async_generate": {name: text}}, written at the end.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path
from typing import Any


def server_arguments(words: list[str]) -> Any:
    """Read SGLang's arguments as its server would."""
    from sglang.srt.server_args import ServerArgs

    parser = argparse.ArgumentParser()
    ServerArgs.add_cli_args(parser)
    return ServerArgs.from_cli_args(parser.parse_args(words))


def fields(request: dict[str, Any]) -> dict[str, Any]:
    """Return a request of /generate as the engine's own arguments, which name the text otherwise."""
    return {("prompt" if name == "text" else name): value for name, value in request.items()}


async def asked_later(engine: Any, requests: dict[str, Any]) -> dict[str, str]:
    """Return the texts that the asynchronous way of asking gives."""
    return {name: (await engine.async_generate(**fields(request)))["text"] for name, request in requests.items()}


def main(asked: Path, answers: Path) -> None:
    """Start the engine, ask in both ways, and write the texts down."""
    from sglang.srt.entrypoints.engine import Engine

    work = json.loads(asked.read_text())
    engine = Engine(server_args=server_arguments(work["arguments"]))
    try:
        found = {name: engine.generate(**fields(request))["text"] for name, request in work["requests"].items()}
        engine.flush_cache()  # so that what was asked before does not shorten the prefill
        loop = getattr(engine, "loop", None) or asyncio.new_event_loop()
        later = loop.run_until_complete(asked_later(engine, work["requests"]))
        answers.write_text(json.dumps({"generate": found, "async_generate": later}))
    finally:
        engine.shutdown()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
