"""Webhooks with the worst in them: files, comments and secrets."""

from __future__ import annotations

import time

import pytest

from db.settings import settings
from tests.integration.workers.github.hub import BASE, Hub, runs, says, waiting_messages

ALIASES = b"version: 1\n" + b"".join(
    b"x%d: &a%d [%s]\n" % (n, n, b",".join([b"*a%d" % (n - 1)] * 10) if n else b"x") for n in range(12)
)


@pytest.mark.parametrize(
    "content",
    [b"#" * 1_000_000, ALIASES, b"[" * 60_000, b"version: 1\nevaluations: !!python/object/apply:os.system [id]\n"],
    ids=["1 MB", "anchors", "depth", "a Python object"],
)
def test_a_hostile_file_starts_nothing_and_costs_nothing(hub: Hub, content: bytes) -> None:
    hub.files[(".plumbline.yml", BASE)] = content
    began = time.process_time()
    says("alice", "/plumbline run demo")
    assert time.process_time() - began < 5.0
    assert runs() == []
    assert "nothing" in dict(waiting_messages())["reply"].lower()


def test_the_heads_own_file_is_never_read(hub: Hub) -> None:
    hub.files = {(".plumbline.yml", hub.pull.head_sha): b"version: 1\nmay_ask: [mallory]\nevaluations: []\n"}
    says("mallory", "/plumbline run demo model=org/small device=cpu")
    assert runs() == []


@pytest.mark.parametrize(
    "body",
    [
        "/plumbline run demo\n" * 50_000,
        "/plumbline " + "x" * 1_000_000,
        "x" * 1_000_000 + "\n/plumbline run demo",
        "/plumbline run demo " + "limit=1 " * 100_000,
        "```\n" * 200_000 + "/plumbline run demo",
        "/plumbline run demo model=" + "a/" * 300_000,
    ],
)
def test_a_comment_of_a_million_characters_starts_at_most_what_it_says_first(hub: Hub, body: str) -> None:
    began = time.process_time()
    says("alice", body)
    assert time.process_time() - began < 5.0
    assert len(runs()) <= 1
    assert all(len(text) < 10_000 for _, text in waiting_messages())


def test_the_operators_secrets_are_in_no_message_and_no_log(hub: Hub, caplog: pytest.LogCaptureFixture) -> None:
    hub.trouble = RuntimeError("boom")
    says("alice", "/plumbline run demo")
    hub.trouble = None
    says("alice", "/plumbline nonsense")
    written = caplog.text + "".join(body for _, body in waiting_messages())
    assert "delivery-" in written
    assert "/nowhere" not in written
    assert "hush-hush" not in written + repr(settings())
