"""Lineages, regressions and hosts as their pages show them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import unquote

import pytest

from dashboard.history_view import code_of
from dashboard.hosts_view import SILENT_S, hosts_view
from dashboard.lineages_view import PAGE, LineageFilter, lineages_view, page_of
from dashboard.links import history_of, with_query
from dashboard.triage_forms import FORMS
from db.host_records import DeviceRecord, HostRecord
from db.queue_state import QueueAge, RunningJob
from evals.history.states import ChangeAction, ChangeState, actions_of
from evals.lineage import Lineage

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


def lineage(number: int, **changed: str) -> Lineage:
    values = {"model": f"/m/{number}", "workload": "gsm8k@1", "engine": "hf", "hardware": "2 cores"}
    return Lineage(**(values | changed))


def test_pages_of_lineages_hold_what_the_filters_take() -> None:
    known = [(lineage(number, engine=("hf", "sglang")[number % 2]), 1, NOW) for number in range(2 * PAGE + 2)]
    wanted = LineageFilter(engine="sglang")
    assert [len(page_of(known, wanted, page)) for page in (1, 2, 3)] == [PAGE, 1, 0]
    view = lineages_view(known, wanted, {}, {}, page=2)
    assert (view.total, view.pages, len(view.rows)) == (PAGE + 1, 2, 1)
    assert [value for value, _ in view.engines] == ["hf", "sglang"]
    assert (view.rows[0].value, view.rows[0].word) == ("not measured", "no regression known")


def test_addresses_carry_any_lineage() -> None:
    key = "/m/../x? | w#1 | hf | 2 x A & B"
    address = history_of(key, metric="acc,none")
    path, _, query = address.partition("?")
    assert unquote(path.removeprefix("/history/")) == key
    assert "/" not in path.removeprefix("/history/")
    assert query == "metric=acc%2Cnone"
    assert with_query("/x", {"a": None, "b": "", "c": [], "d": ["1", "2"]}) == "/x?d=1&d=2"


@pytest.mark.parametrize(
    ("state", "actions"),
    [
        (ChangeState.OPEN, {"acknowledge", "assign"}),
        (ChangeState.REOPENED, {"acknowledge", "assign"}),
        (ChangeState.ACKNOWLEDGED, {"fix", "assign"}),
        (ChangeState.FIXED, {"reopen", "assign"}),
        (ChangeState.IMPROVEMENT, set()),
    ],
)
def test_each_state_offers_the_forms_that_are_legal_in_it(state: ChangeState, actions: set[str]) -> None:
    assert {FORMS[action].action for action in actions_of(state)} == actions
    assert ChangeAction.OPEN not in FORMS


def test_commits_are_cut_and_versions_are_not() -> None:
    assert code_of("0123456789abcdef" * 2 + "01234567") == "0123456789ab"
    assert code_of("0.5.23.dev1+g0123456789abcdef") == "0.5.23.dev1+g0123456789abcdef"
    assert code_of(None) == "unknown"


def record(host: str, seen_s: float) -> HostRecord:
    return HostRecord(
        worker=f"plumbline@{host}", host=host, seen_s=seen_s, started_s=seen_s, version="1", hardware="x", driver="",
        queues=("jobs.cpu",), devices=(DeviceRecord(id="cpu:0", kind="cpu", name="CPU slot"),), environments=(),
    )  # fmt: skip


def holding(host: str, lease_s: float) -> RunningJob:
    return RunningJob(
        job_id="j", run_id="r", role="candidate", engine="hf", model="m", queue="jobs.cpu", phase=None, worker=None,
        devices=((host, "cpu:0"),), started_at=NOW - timedelta(seconds=5), lease_s=lease_s,
    )  # fmt: skip


def test_silence_lost_leases_and_hosts_that_nobody_described_are_told() -> None:
    heard, silent = record("a", NOW.timestamp() - 1), record("b", NOW.timestamp() - SILENT_S - 1)
    queues = [QueueAge(queue="jobs.cpu", waiting=2, oldest=NOW - timedelta(minutes=3))]
    view = hosts_view([heard, silent], [holding("a", -1.0), holding("c", 5.0)], queues, now=NOW)
    assert [(host.name, host.word) for host in view.hosts] == [
        ("a", "Serving"),
        ("b", "Silent"),
        ("c", "Not described"),
    ]
    (held,) = view.hosts[0].devices
    assert held.holder is not None
    assert (held.holder.lease, held.holder.lost) == ("lost", True)
    assert [(queue.oldest, queue.served) for queue in view.queues] == [("3 min 00 s", True)]
    assert not hosts_view([silent], [], queues, now=NOW).queues[0].served
    assert not hosts_view(None, [], queues, now=NOW).answered
