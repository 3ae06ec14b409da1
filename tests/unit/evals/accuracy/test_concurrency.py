"""What engines say about themselves, and what is made of it; the bodies are cut from real answers."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import web

from evals.accuracy.concurrency import Adaptive, Fixed, concurrency_for, load_from, most_running
from evals.accuracy.controllers import MOST, Load, RateController
from evals.client import EngineClient

SGLANG_INFO = {
    "max_running_requests": None,
    "max_total_num_tokens": 16384,
    "internal_states": [{"effective_max_running_requests_per_dp": 2048, "last_gen_throughput": 0.0}],
}
SGLANG_LOADS = {
    "version": "0.5.23",
    "loads": [
        {"dp_rank": 0, "num_running_reqs": 21, "num_waiting_reqs": 3, "max_running_requests": 2048},
        {"dp_rank": 1, "num_running_reqs": 20, "num_waiting_reqs": 0, "max_running_requests": 2048},
    ],
}
HF_INFO = {"engine": "transformers", "max_batch_size": 16, "requests": {"waiting": 5, "free": 2}}
NULL_INFO = {"max_total_num_tokens": 1048576, "max_running_requests": 65536, "internal_states": [{}]}


@pytest.mark.parametrize(
    ("info", "most"),
    [
        (SGLANG_INFO, 2048),
        ({**SGLANG_INFO, "internal_states": 2 * SGLANG_INFO["internal_states"]}, 4096),  # type: ignore[operator]
        ({"max_running_requests": 48}, 48),
        (HF_INFO, 16),
        (NULL_INFO, 65536),
        ({"max_running_requests": None}, None),
        ({"max_running_requests": True, "max_batch_size": 0}, None),
        ({"internal_states": "?"}, None),
        ([], None),
        (None, None),
    ],
)
def test_the_most_that_an_engine_runs_is_read_from_its_info(info: Any, most: int | None) -> None:
    assert most_running(info) == most


@pytest.mark.parametrize(
    ("body", "load"),
    [
        (SGLANG_LOADS, Load(running=41, waiting=3)),
        (HF_INFO, Load(running=14, waiting=5)),
        ({"loads": []}, None),
        ({"loads": [{"num_running_reqs": None}]}, None),
        ({"loads": 7}, None),
        (SGLANG_INFO, None),
        ("busy", None),
        (None, None),
    ],
)
def test_the_load_is_read_from_either_engine_and_from_nothing_else(body: Any, load: Load | None) -> None:
    assert load_from(body) == load


async def look(paths: dict[str, Any], *, in_flight: int = 0, times: int = 1, begins: int = 1) -> Adaptive:
    """Begin with an engine that answers these paths, and adjust some times."""

    async def handler(request: web.Request) -> web.StreamResponse:
        body = paths.get(request.path)
        if callable(body):
            body = await body()
        return web.Response(status=404) if body is None else web.json_response(body)

    app = web.Application()
    app.router.add_get("/{path:.*}", handler)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found = Adaptive()
    try:
        async with EngineClient(f"http://127.0.0.1:{runner.addresses[0][1]}", tries=1) as client:
            for _ in range(begins):
                await found.begin(client)
            for _ in range(times):
                await found.adjust(client, in_flight=in_flight, completed=0)
    finally:
        await runner.cleanup()
    return found


async def test_sglang_is_filled_to_its_queue_and_not_to_its_limit() -> None:
    found = await look({"/server_info": SGLANG_INFO, "/v1/loads": SGLANG_LOADS}, times=0)
    assert found.limit == 64
    full = {"loads": [{"num_running_reqs": 29, "num_waiting_reqs": 35}]}
    found = await look({"/server_info": SGLANG_INFO, "/v1/loads": full}, in_flight=64, times=2)
    assert found.limit == 29 + 7
    assert found.describe() == "36 to 64, by the engine's queue; the engine runs at most 2048"


async def test_the_hf_server_gets_its_batch_and_the_next_one() -> None:
    found = await look({"/server_info": HF_INFO}, times=0)
    assert found.limit == 32
    assert found.describe() == "32, by the engine's queue; the engine runs at most 16"


async def test_an_engine_is_asked_what_it_can_do_only_once() -> None:
    asked = 0

    async def info() -> Any:
        nonlocal asked
        asked += 1
        return {"max_running_requests": 3}

    found = await look({"/server_info": info}, begins=2)
    assert asked == 1
    assert found.limit == 7


async def test_answers_are_counted_on_from_one_set_of_questions_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    monkeypatch.setattr(RateController, "observe", lambda self, now: seen.append(now.completed))
    found = Adaptive()
    async with EngineClient("http://127.0.0.1:9", tries=1) as client:
        for _ in range(2):
            await found.begin(client)
            for completed in (3, 7):
                await found.adjust(client, in_flight=1, completed=completed)
    assert seen == [3, 7, 10, 14]


async def test_an_older_path_of_the_info_is_found() -> None:
    found = await look({"/get_server_info": {"max_running_requests": 3}}, times=0)
    assert found.limit == 7
    assert "the engine runs at most 3" in found.describe()


async def test_an_engine_that_says_nothing_is_followed_by_its_pace() -> None:
    found = await look({})
    assert found.limit == 32
    assert found.describe() == "32, by the pace of answers"


async def test_an_absurd_limit_without_a_queue_is_no_guide() -> None:
    found = await look({"/server_info": NULL_INFO})
    assert 1 <= found.limit <= MOST
    assert "the pace of answers" in found.describe()


async def test_an_engine_that_does_not_answer_such_questions_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang() -> None:
        await asyncio.sleep(30)

    monkeypatch.setattr("evals.accuracy.concurrency._LONGEST_WAIT_S", 0.05)
    found = await asyncio.wait_for(look({"/server_info": hang, "/get_server_info": hang, "/v1/loads": hang}), 10)
    assert found.describe() == "32, by the pace of answers"


async def test_a_load_that_is_missing_for_once_changes_nothing() -> None:
    answers = [SGLANG_LOADS]

    async def once() -> Any:
        return answers.pop() if answers else None

    found = await look({"/server_info": SGLANG_INFO, "/v1/loads": once}, in_flight=64, times=3)
    assert found.limit == 64


async def test_a_number_in_the_workload_is_what_is_used() -> None:
    chosen = concurrency_for(9)
    assert isinstance(chosen, Fixed)
    assert (chosen.limit, chosen.describe()) == (9, "9, as set")
    assert isinstance(concurrency_for(None), Adaptive)
