"""Engines that others run: reached, refused, and given their own key only."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from db.settings import Settings
from evals.errors import EngineUnreachableError, PlumblineError, PolicyError, RequestRefusedError
from evals.spec import EngineSpec, ModelSpec
from workers.engines.remote import key_for, root_url
from workers.ports import free_port
from workers.server import running


class Remote(HTTPServer):
    """Answer with a status, and remember what was asked."""

    status = 200
    location: str | None = None

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[tuple[str, str | None]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Remote

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers.get("Authorization")))
        self.send_response(self.server.status)
        if self.server.location:
            self.send_header("Location", self.server.location)
        self.end_headers()


@pytest.fixture
def remote() -> Iterator[Remote]:
    with Remote() as found:
        threading.Thread(target=found.serve_forever, daemon=True).start()
        yield found
        found.shutdown()


def reach(url: str, home: Path) -> str:
    spec = EngineSpec(kind="remote", base_url=url, served_model="m", capabilities=("chat",))
    with running(spec, ModelSpec(path="org/name"), settings=Settings(home=home), job_id="job") as server:
        assert server.pid is None
        assert server.capabilities == {"chat"}
        assert server.served_model == "m"
        assert server.has_died() is None
        return server.base_url


@pytest.mark.parametrize("suffix", ["", "/", "/v1", "/v1/"])
def test_a_remote_engine_is_reached_with_and_without_v1(suffix: str, remote: Remote, home: Path) -> None:
    assert reach(remote.url + suffix, home) == remote.url
    assert remote.asked == [("/v1/models", None)]


def test_a_listed_key_is_sent_and_shown_nowhere(remote: Remote, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXAMPLE_KEY", "very-secret")
    (home / "remotes.toml").write_text(f'[[remote]]\nurl = "{remote.url}"\nkey_env = "EXAMPLE_KEY"\n')
    spec = EngineSpec(kind="remote", base_url=remote.url)
    with running(spec, ModelSpec(path="m"), settings=Settings(home=home), job_id="job") as server:
        assert server.api_key == "very-secret"
        assert "very-secret" not in repr(server)
    assert remote.asked == [("/v1/models", "Bearer very-secret")]


def test_a_key_goes_to_its_own_address_only(home: Path) -> None:
    (home / "remotes.toml").write_text('[[remote]]\nurl = "https://a.example/v1"\nkey_env = "A"\n')
    assert key_for("https://a.example", home, {"A": "k"}) == "k"
    assert key_for("https://a.example:443/v1", home, {"A": "k"}) == "k"
    for other in ("http://a.example", "https://a.example:8443", "https://a.example.evil", "https://b.example"):
        assert key_for(other, home, {"A": "k"}) is None


def test_a_key_is_read_from_a_file(home: Path) -> None:
    (home / "key").write_text("k\n")
    (home / "remotes.toml").write_text(f'[[remote]]\nurl = "https://a.example"\nkey_file = "{home}/key"\n')
    assert key_for("https://a.example", home) == "k"


@pytest.mark.parametrize(
    ("status", "kind", "hint"),
    [
        (401, RequestRefusedError, "remotes.toml"),
        (403, RequestRefusedError, "remotes.toml"),
        (404, RequestRefusedError, "before /v1"),
        (418, RequestRefusedError, "OpenAI-compatible"),
        (503, EngineUnreachableError, "healthy"),
    ],
)
def test_a_refusal_is_explained(status: int, kind: type[PlumblineError], hint: str, remote: Remote, home: Path) -> None:
    remote.status = status
    with pytest.raises(kind, match=str(status)) as caught:
        reach(remote.url, home)
    assert hint in caught.value.remedy


def test_a_redirect_gets_no_key(remote: Remote, home: Path) -> None:
    with Remote() as other:
        remote.status, remote.location = 302, f"{other.url}/v1/models"
        with pytest.raises(RequestRefusedError, match="302"):
            reach(remote.url, home)
        assert other.asked == []


@pytest.mark.parametrize("address", ["169.254.169.254", "::ffff:169.254.169.254", "fe80::1%eth0"])
def test_a_name_that_leads_to_the_hosts_infrastructure_is_asked_nothing(
    address: str, remote: Remote, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def resolve(*_: Any, **__: Any) -> list[Any]:
        return [(0, 0, 0, "", ("127.0.0.1", 0)), (0, 0, 0, "", (address, 0, 0, 0))]

    url = remote.url
    monkeypatch.setattr("socket.getaddrinfo", resolve)
    with pytest.raises(PolicyError, match="infrastructure"):
        reach(url.replace("127.0.0.1", "innocent.example"), home)
    assert remote.asked == []


def test_nobody_there_is_unreachable(home: Path) -> None:
    with pytest.raises(EngineUnreachableError, match="Nobody answers"):
        reach(f"http://127.0.0.1:{free_port()}", home)


def test_the_root_of_an_address_is_found() -> None:
    assert root_url("https://h/gateway/v1/") == "https://h/gateway"
