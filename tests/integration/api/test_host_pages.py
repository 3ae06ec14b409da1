"""The page about hosts: what workers have said, who holds what, and queues that nobody serves."""

from __future__ import annotations

import time

import pytest
from fastapi.testclient import TestClient

from db.host_records import DeviceRecord, EnvironmentRecord, HostRecord, forget_host, host_records, record_host
from db.settings import settings
from tests.integration.api.world import claim, evaluating, queued_run

HTML = {"Accept": "text/html"}
HOST = HostRecord(
    worker="plumbline@h",
    host="h",
    seen_s=0.0,
    started_s=0.0,
    version="0.1.0",
    hardware="2 x <b>Xeon</b>",
    driver="570.1",
    queues=("control", "jobs.cuda"),
    devices=(
        DeviceRecord(id="GPU-1", kind="gpu", name="NVIDIA H200", memory_bytes=140 * 1024**3),
        DeviceRecord(id="cpu:0", kind="cpu", name="CPU slot"),
    ),
    environments=(
        EnvironmentRecord(
            engine="sglang", device="cuda", version="0.5.23", python="3.11.7",
            packages={"torch": "2.13.0", "sglang": "0.5.23"},
        ),
        EnvironmentRecord(engine="hf", device="cpu", version=""),
    ),
)  # fmt: skip


def said(**changed: object) -> None:
    record_host(HostRecord(**{**vars(HOST), "seen_s": time.time(), "started_s": time.time(), **changed}))


def test_a_record_comes_back_as_it_was_and_is_forgotten(client: TestClient) -> None:
    assert host_records() == []
    said(seen_s=(at := time.time()), started_s=at)
    assert host_records() == [HostRecord(**{**vars(HOST), "seen_s": at, "started_s": at})]
    forget_host(HOST.worker)
    assert host_records() == []
    said(seen_s=time.time() - 8 * 24 * 3600)
    assert host_records() == []


def test_devices_stand_with_the_jobs_that_hold_them(client: TestClient) -> None:
    said()
    run_id, (first, _) = queued_run()
    evaluating(claim(first), done=3, right=2)
    page = client.get("/hosts", headers=HTML).text
    assert "2 x &lt;b&gt;Xeon&lt;/b&gt;" in page
    assert "1 of 2 devices free" in page
    gpu, slot = page.split("<code>GPU-1</code>")[1].split("<code>cpu:0</code>")
    assert "NVIDIA H200" in gpu
    assert "140 GiB" in gpu
    assert "free" in gpu
    assert f'href="/runs/{run_id}">candidate (sglang)</a>' in slot
    assert "evaluating" in slot
    assert "left" in slot
    assert "torch 2.13.0" in page
    assert "unfinished" in page


def test_a_queue_that_nobody_serves_is_marked(client: TestClient) -> None:
    said()
    queued_run()
    page = client.get("/hosts", headers=HTML).text
    assert "By no worker" in page.split("jobs.cpu")[1].split("</tr>")[0]
    said(queues=("jobs.cpu",))
    assert "by no worker" not in client.get("/hosts", headers=HTML).text
    said(queues=("jobs.cpu",), seen_s=time.time() - 600)
    page = client.get("/hosts", headers=HTML).text
    assert "Silent" in page
    assert "By no worker" in page


def test_without_workers_and_without_redis_the_page_says_so(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "No worker has said anything yet" in client.get("/hosts", headers=HTML).text
    run_id, (first, _) = queued_run()
    claim(first)
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:9/0")
    settings.cache_clear()
    page = client.get("/hosts", headers=HTML).text
    assert "Redis does not answer" in page
    assert f'href="/runs/{run_id}"' in page
