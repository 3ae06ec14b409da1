"""How the command line's words become a submission."""

from pathlib import Path
from typing import Any

import pytest

from cli.client import DEFAULT_URL, is_local, server_url
from cli.options import client_of, engine_arguments, model_path
from evals.errors import InvalidSubmissionError, ModelNotFoundError


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("mem-fraction-static=0.5", "mem-fraction-static", 0.5),
        ("--mem_fraction_static=0.5", "mem-fraction-static", 0.5),
        ("tp-size=2", "tp-size", 2),
        ("disable-radix-cache", "disable-radix-cache", True),
        ("x=false", "x", False),
        ("x=a=b", "x", "a=b"),
        ("x=NaN", "x", "NaN"),
        ("x=", "x", ""),
        ('x={"a": 1}', "x", '{"a": 1}'),
    ],
)
def test_engine_arguments_are_read_as_written(text: str, name: str, value: Any) -> None:
    arguments = engine_arguments([text], "--engine-arg")
    assert arguments == {name: value}
    assert type(arguments[name]) is type(value)


def test_an_argument_without_a_name_is_refused() -> None:
    with pytest.raises(InvalidSubmissionError):
        engine_arguments(["=3"], "--engine-arg")


def test_a_local_model_is_named_absolutely(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model").mkdir()
    monkeypatch.chdir(tmp_path)
    assert model_path("model", local=True) == str(tmp_path / "model")
    assert model_path("Qwen/Qwen3-0.6B", local=True) == "Qwen/Qwen3-0.6B"
    assert model_path("./there", local=False) == str(tmp_path / "there")
    with pytest.raises(ModelNotFoundError):
        model_path("./there", local=True)


def test_the_address_is_the_given_one_then_the_running_services_then_the_default(home: Path) -> None:
    assert server_url("example:9/") == "http://example:9"
    assert server_url(None) == DEFAULT_URL
    (home / "run").mkdir()
    (home / "run" / "services.json").write_text('{"api_url": "http://127.0.0.1:7000"}')
    assert server_url(None) == "http://127.0.0.1:7000"


def test_this_machines_token_is_shown_to_this_machine_alone(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PLUMBLINE_TOKEN", raising=False)
    (home / "token").write_text("plb_t_secret\n")
    assert client_of("http://127.0.0.1:1")._http.headers["authorization"] == "Bearer plb_t_secret"
    assert "authorization" not in client_of("https://plumbline.example")._http.headers
    monkeypatch.setenv("PLUMBLINE_TOKEN", "plb_u_other")
    assert client_of("https://plumbline.example")._http.headers["authorization"] == "Bearer plb_u_other"


@pytest.mark.parametrize(
    ("url", "local"), [("http://localhost:1", True), ("http://[::1]:1", True), ("http://h", False)]
)
def test_loopback_is_local(url: str, local: bool) -> None:
    assert is_local(url) is local
