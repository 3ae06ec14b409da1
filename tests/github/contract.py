"""GitHub's own description of its API before the stand-in: what it refuses never arrives, and what it did not promise
is never answered."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.engines.service import ROOT, free_port

HERE = Path(__file__).parent
NODE = ROOT / ".plumbline" / "github-contract"
"""Where npm installs; ignored by git. The package brings 400 MB, because it describes every edition of GitHub."""

USED = (
    "/app/installations/{installation_id}/access_tokens",
    "/repos/{owner}/{repo}/collaborators/{username}/permission",
    "/repos/{owner}/{repo}/pulls/{pull_number}",
    "/repos/{owner}/{repo}/pulls/{pull_number}/files",
    "/repos/{owner}/{repo}/contents/{path}",
    "/repos/{owner}/{repo}/compare/{basehead}",
    "/repos/{owner}/{repo}/issues/comments/{comment_id}/reactions",
    "/repos/{owner}/{repo}/issues/comments/{comment_id}",
    "/repos/{owner}/{repo}/issues/{issue_number}/comments",
    "/repos/{owner}/{repo}/check-runs",
    "/repos/{owner}/{repo}/check-runs/{check_run_id}",
    "/repos/{owner}/{repo}/commits/{ref}/check-runs",
)
"""What the bot asks for; anything else is refused. Reading the whole description takes Prism most of a minute."""

_GRAPHQL = {"post": {"requestBody": {"content": {"application/json": {}}}, "responses": {"200": {"description": ""}}}}
_READY_S = 90.0
_AWAY = ("ENOTFOUND", "ECONNREFUSED", "EAI_AGAIN", "ETIMEDOUT", "ENETUNREACH")
"""What npm says where there is no network; any other failure, as of a wrong lock file, fails the test."""


def packages() -> Path:
    """Return the folder of the installed packages; install them first where that is to be done."""
    wanted = (HERE / "package-lock.json").read_bytes()
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("node and npm are not installed: apt-get install nodejs npm")
    done = NODE / "installed.json"
    if not done.exists() or done.read_bytes() != wanted:
        NODE.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copyfile(HERE / name, NODE / name)
        command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
        try:
            subprocess.run(command, cwd=NODE, check=True, capture_output=True, text=True, timeout=300)
        except subprocess.CalledProcessError as error:
            if any(word in error.stderr for word in _AWAY):
                pytest.skip(f"npm reaches no registry: {error.stderr[-300:]}")
            raise
        done.write_bytes(wanted)
    return NODE / "node_modules"


@contextmanager
def validated(upstream: str, folder: Path) -> Iterator[str]:
    """Let Prism hold every request to `upstream`, and every answer, against GitHub's description; yield its address."""
    modules = packages()
    description = folder / "description.json"
    description.write_text(
        json.dumps(_only(USED, modules / "@octokit" / "openapi" / "generated" / "api.github.com.json"))
    )
    port = free_port()
    prism = [str(modules / ".bin" / "prism"), "proxy", str(description), upstream, "--errors", "--port", str(port)]
    with (folder / "prism.log").open("w") as log:
        # One process, so that its end is everything's end.
        process = subprocess.Popen([*prism, "--multiprocess", "false"], stdout=log, stderr=log, env={**os.environ})
        try:
            _wait(process, port, folder / "prism.log")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(10)


def examples() -> list[tuple[str, dict[str, Any]]]:
    """Return GitHub's examples of webhooks: the event's name and the payload."""
    found = json.loads((packages() / "@octokit" / "webhooks-examples" / "api.github.com" / "index.json").read_text())
    return [(event["name"], payload) for event in found for payload in event["examples"]]


def _only(paths: tuple[str, ...], file: Path) -> dict[str, Any]:
    """Return a description cut down to some paths and what they refer to. GraphQL has no part in it: anything goes."""
    whole = json.loads(file.read_text())
    kept = {path: whole["paths"][path] for path in paths}
    parts: dict[str, dict[str, Any]] = {}
    todo = list(_references(kept))
    while todo:
        _, _, kind, name = todo.pop().split("/")
        if name not in parts.setdefault(kind, {}):
            parts[kind][name] = whole["components"][kind][name]
            todo += _references(parts[kind][name])
    head = {"openapi": whole["openapi"], "info": whole["info"]}
    return {**head, "paths": {**kept, "/graphql": _GRAPHQL}, "components": parts}


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, part in value.items():
            if key == "$ref":
                yield part
            else:
                yield from _references(part)
    elif isinstance(value, list):
        for part in value:
            yield from _references(part)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _READY_S
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            httpx.get(f"http://127.0.0.1:{port}/", timeout=5)
        except httpx.TransportError:
            time.sleep(0.2)
        else:
            return
    raise AssertionError(f"Prism did not start: {log.read_text()}")
