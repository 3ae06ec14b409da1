"""What our transformers server does with wrong requests, clients that leave, seeds, and a start that cannot succeed."""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.engines

GREEDY = {"temperature": 0, "max_new_tokens": 8}
ENDLESS = {"temperature": 0, "max_new_tokens": 4000, "ignore_eos": True}
NO_IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + base64.b64encode(b"no").decode()}}


@pytest.mark.parametrize(
    ("path", "body", "named"),
    [
        ("/generate", {"sampling_params": GREEDY}, "text or input_ids"),
        ("/generate", {"text": "a", "input_ids": [1]}, "text or input_ids"),
        ("/generate", {"text": "", "sampling_params": GREEDY}, "no tokens"),
        ("/generate", {"input_ids": []}, "empty"),
        ("/generate", {"input_ids": [99999], "sampling_params": GREEDY}, "99999"),
        ("/generate", {"input_ids": [-1], "sampling_params": GREEDY}, "-1"),
        ("/generate", {"text": 5}, "text"),
        ("/generate", {"text": "a", "sampling_params": {"tempurature": 1}}, "tempurature"),
        ("/generate", {"text": "a", "sampling_params": {"temperature": -1}}, "temperature"),
        ("/generate", {"text": "a", "sampling_params": {"top_p": 0}}, "top_p"),
        ("/generate", {"text": "a", "sampling_params": {"top_k": 0}}, "top_k"),
        ("/generate", {"text": "a", "sampling_params": {"n": 2}}, "n other than 1"),
        ("/generate", {"text": "a", "sampling_params": {"json_schema": "{}"}}, "json_schema"),
        ("/generate", {"text": "a", "sampling_params": {"stop": [""]}}, "stop"),
        ("/generate", {"text": "a", "sampling_params": {"max_new_tokens": 5000}}, "4096"),
        ("/generate", {"text": "a " * 5000, "sampling_params": GREEDY}, "longer"),
        ("/generate", {"text": "a", "return_logprob": True, "logprob_start_len": 9}, "logprob_start_len"),
        ("/generate", {"text": "a", "return_logprob": True, "token_ids_logprob": [5000]}, "5000"),
        ("/generate", {"text": ["a", "b"], "sampling_params": [GREEDY]}, "1 entries for 2 prompts"),
        ("/generate", {"text": "a", "image_data": "x"}, "image_data"),
        ("/v1/completions", {"max_tokens": 1}, "prompt"),
        ("/v1/completions", {"prompt": "", "max_tokens": 1}, "empty"),
        ("/v1/completions", {"prompt": "a", "max_tokens": -1}, "max_new_tokens"),
        ("/v1/completions", {"prompt": "a", "regex": "x"}, "regex"),
        ("/v1/completions", {"prompt": "a", "suffix": "x"}, "suffix"),
        ("/v1/chat/completions", {}, "messages"),
        ("/v1/chat/completions", {"messages": []}, "empty"),
        ("/v1/chat/completions", {"messages": [{"role": "bob", "content": "x"}]}, "role"),
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": [NO_IMAGE]}]}, "text only"),
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": "a"}], "tools": [{}]}, "tools"),
        ("/abort_request", {}, "rid"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_a_wrong_request_is_refused_with_a_reason(
    hf: Any, path: str, body: dict[str, Any], named: str, stream: bool
) -> None:
    answer = hf.client.post(path, json=body | {"stream": stream})
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert named in error["message"]
    assert (error["type"], error["code"]) == ("invalid_request_error", 400)


@pytest.mark.parametrize("content", [b"{bad", b"", b"[1]", b"\xff"])
@pytest.mark.parametrize("path", ["/generate", "/v1/completions", "/v1/chat/completions"])
def test_a_body_that_is_no_json_object_is_refused(hf: Any, path: str, content: bytes) -> None:
    answer = hf.client.post(path, content=content)
    assert answer.status_code == 400
    assert "JSON" in answer.json()["error"]["message"]


def test_one_wrong_prompt_of_a_list_refuses_the_list(hf: Any) -> None:
    answer = hf.client.post("/generate", json={"text": ["Hello", ""], "sampling_params": GREEDY})
    assert answer.status_code == 400
    assert waits_for_nothing(hf)


def test_a_seed_repeats_a_sample_and_another_seed_gives_another(hf: Any) -> None:
    def sample(seed: int) -> list[int]:
        parameters = {"temperature": 1.5, "max_new_tokens": 24, "ignore_eos": True, "sampling_seed": seed}
        ids: list[int] = hf.client.post("/generate", json={"text": "Hello", "sampling_params": parameters}).json()[
            "output_ids"
        ]
        return ids

    assert sample(1) == sample(1)
    assert len({tuple(sample(seed)) for seed in range(5)}) == 5


@pytest.mark.parametrize(
    "narrow", [{"top_k": 1}, {"top_p": 1e-6}, {"min_p": 1.0}, {"temperature": 0}, {"temperature": 1e-7}]
)
def test_a_narrow_choice_is_the_greedy_one(hf: Any, narrow: dict[str, Any]) -> None:
    def ids(parameters: dict[str, Any]) -> Any:
        body = {"text": "Hello", "sampling_params": {"max_new_tokens": 12} | parameters}
        return hf.client.post("/generate", json=body).json()["output_ids"]

    assert ids({"temperature": 1.3} | narrow) == ids({"temperature": 0})


def test_events_carry_token_counts_even_where_a_token_has_no_text_yet(hf: Any) -> None:
    emoji = hf.client.post("/v1/completions", json={"prompt": "😀", "max_tokens": 1, "echo": True, "logprobs": 1})
    assert len(emoji.json()["choices"][0]["logprobs"]["tokens"]) > 3  # the sign has several tokens
    body = {"text": "😀", "sampling_params": {"temperature": 2.0, "max_new_tokens": 64, "sampling_seed": 3}}
    with hf.client.stream("POST", "/generate", json=body | {"stream": True}) as answer:
        lines = [line[6:] for line in answer.iter_lines() if line.startswith("data: {")]
    counts = [json.loads(line)["meta_info"]["completion_tokens"] for line in lines]
    assert counts == list(range(1, len(counts) + 1))


def waits_for_nothing(server: Any) -> bool:
    """Wait until the server has no request left."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        requests = server.client.get("/server_info").json()["requests"]
        if requests == {"waiting": 0, "free": 16}:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_leaves_frees_its_place(hf: Any, stream: bool) -> None:
    assert waits_for_nothing(hf)
    body = {"text": "Hello", "sampling_params": ENDLESS, "stream": stream}
    clients = [httpx.Client(base_url=hf.url, timeout=1.0, trust_env=False) for _ in range(20)]

    def leave(client: httpx.Client) -> None:
        with client, suppress(httpx.ReadTimeout), client.stream("POST", "/generate", json=body) as answer:
            next(answer.iter_lines())

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(leave, clients))
    assert waits_for_nothing(hf)


def test_an_aborted_request_ends_with_what_it_has(hf: Any) -> None:
    answers: list[Any] = []
    body = {"text": "Hello", "sampling_params": ENDLESS, "rid": "to-abort"}
    thread = threading.Thread(target=lambda: answers.append(hf.client.post("/generate", json=body).json()))
    thread.start()
    time.sleep(0.5)
    assert hf.client.post("/abort_request", json={"rid": "to-abort"}).status_code == 200
    thread.join(timeout=30)
    assert answers[0]["meta_info"]["finish_reason"]["type"] == "abort"
    assert 0 <= len(answers[0]["output_ids"]) < 4000
    assert waits_for_nothing(hf)


@pytest.mark.parametrize("path", ["/health", "/health_generate", "/v1/models", "/server_info", "/get_server_info"])
def test_a_warm_server_answers_every_question_about_itself(hf: Any, path: str) -> None:
    assert hf.client.get(path).status_code == 200


def test_the_server_says_what_it_runs(hf: Any) -> None:
    info = hf.client.get("/server_info").json()
    assert info["engine"] == "transformers"
    assert (info["dtype"], info["device"], info["batching"]) == ("float32", "cpu", "stepwise")
    assert {"transformers_version", "torch_version", "attn_implementation", "threads"} <= info.keys()
    assert hf.client.post("/flush_cache").status_code == 200


def ended(
    hf_command: Callable[..., list[str]], inside: Path, model: Path, port: int, *arguments: str
) -> tuple[int, str]:
    """Run a server that cannot start; return its exit code and its last line on standard error."""
    environment = os.environ | {"PYTHONPATH": str(inside), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        hf_command(model, port, *arguments), env=environment, capture_output=True, text=True, timeout=200, check=False
    )
    return done.returncode, done.stderr.strip().splitlines()[-1]


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def copy_with(model: Path, folder: Path, **changes: Any) -> Path:
    """Link a model into a folder with another config.json."""
    for file in model.iterdir():
        if file.name != "config.json":
            (folder / file.name).symlink_to(file)
    config = json.loads((model / "config.json").read_text()) | changes
    (folder / "config.json").write_text(json.dumps(config))
    return folder


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--dtype", "int3"), "hf_server: BadArgument: argument --dtype"),
        (("--max-batch-size", "0"), "hf_server: BadArgument: --max-batch-size"),
        (("--no-such-flag",), "hf_server: BadArgument: unrecognized arguments: --no-such-flag"),
        (("--json-model-override-args", "{"), "hf_server: BadArgument: --json-model-override-args"),
        (("--device", "cuda"), "hf_server: ModelLoadFailed: --device cuda needs"),
        (
            ("--json-model-override-args", '{"architectures": ["NoSuchForCausalLM"]}'),
            "hf_server: UnsupportedArchitecture: NoSuchForCausalLM",
        ),
    ],
)
def test_a_start_that_cannot_succeed_ends_with_one_clear_line(
    hf_command: Callable[..., list[str]], inside: Path, demo_llm: Path, arguments: tuple[str, ...], named: str
) -> None:
    code, line = ended(hf_command, inside, demo_llm, unused_port(), *arguments)
    assert code != 0
    assert line.startswith(named)


def test_a_missing_model_is_named(hf_command: Callable[..., list[str]], inside: Path, tmp_path: Path) -> None:
    code, line = ended(hf_command, inside, tmp_path / "nowhere", unused_port())
    assert code == 1
    assert line.startswith("hf_server: ModelNotFound: ")
    assert str(tmp_path / "nowhere") in line


def test_weights_that_do_not_fit_the_config_are_named(
    hf_command: Callable[..., list[str]], inside: Path, demo_llm: Path, tmp_path: Path
) -> None:
    model = copy_with(demo_llm, tmp_path, hidden_size=320)
    code, line = ended(hf_command, inside, model, unused_port())
    assert code == 1
    assert line.startswith("hf_server: ModelLoadFailed: ")


def test_a_port_in_use_is_named(hf_command: Callable[..., list[str]], inside: Path, demo_llm: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, line = ended(hf_command, inside, demo_llm, port)
    assert code == 1
    assert line.startswith(f"hf_server: PortInUse: cannot listen on 127.0.0.1:{port}")
