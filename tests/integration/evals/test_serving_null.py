"""The load generator against a server that writes down, to the nanosecond, when it sent what.

Bounds are wide: they hold on a machine that other programs use as well. benchmarks/serving_null.py measures.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from benchmarks.null_server import NoCompilerError, build, null_server
from benchmarks.serving_truth import Truth, read_truth
from evals.serving.lengths import fixed
from evals.serving.load import Endpoint, Load
from evals.serving.passes import Pass, run_pass
from evals.serving.record import Basis
from evals.serving.summary import summarise

pytestmark = pytest.mark.slow  # a busy machine may well miss their times

TTFT_MS, ITL_MS, TOKENS = 50.0, 5.0, 64


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        return build("nullserver", tmp_path_factory.mktemp("null"))
    except NoCompilerError as error:
        pytest.skip(str(error))


@dataclass(frozen=True)
class Seen:
    """Hold a pass and the server's log of it."""

    done: Pass
    truth: Truth

    def by_id(self, values: np.ndarray) -> np.ndarray:
        """Return the server's values in the order of the records."""
        place = {one: number for number, one in enumerate(self.truth.ids)}
        return values[[place[str(record.index)] for record in self.done.records]]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "truth.tsv"


def seen(program: Path, log: Path, **settings: object) -> Seen:
    pace = ("--ttft-ms", str(TTFT_MS), "--itl-ms", str(ITL_MS), "--log", log)
    with null_server(program, *pace) as port:
        url = f"http://127.0.0.1:{port}"
        lengths = {"input_len": fixed(32), "output_len": fixed(TOKENS)}
        done = run_pass(Load(base_url=url, **(lengths | settings)))  # type: ignore[arg-type]
    return Seen(done, read_truth(log))


@pytest.mark.parametrize("endpoint", Endpoint)
@pytest.mark.parametrize("processes", [1, 2])
def test_first_tokens_and_gaps_are_those_that_the_server_wrote_down(
    program: Path, log: Path, endpoint: Endpoint, processes: int
) -> None:
    found = seen(program, log, endpoint=endpoint, requests=96, concurrency=32, processes=processes)
    records = found.done.records
    assert {(record.fault, record.output_tokens) for record in records} == {(None, TOKENS)}
    assert sorted(found.truth.ids, key=int) == [str(n) for n in range(96)]
    basis = Basis.COUNTS if endpoint is Endpoint.NATIVE else Basis.EVENTS
    assert {record.basis for record in records} == {basis}
    ttft = np.array([(record.first_token_ns - record.sent_ns) / 1e6 for record in records])  # type: ignore[operator]
    off = ttft - found.by_id(found.truth.ttft_ms)
    assert off.min() >= 0  # nothing arrives before it is sent
    assert np.median(off) < 10
    tpot = np.array([(r.at_ns[-1] - r.at_ns[0]) / 1e6 / (TOKENS - r.tokens[0]) for r in records])
    assert np.median(np.abs(tpot - found.by_id(found.truth.tpot_ms))) < 0.5
    summary = summarise(found.done, {}).whole
    assert summary.itl_ms is not None
    assert summary.itl_ms.n == sum(TOKENS - int(record.tokens[0]) for record in records)
    assert summary.itl_ms.mean.value == pytest.approx(float(np.mean(found.truth.tpot_ms)), abs=0.5)


def test_requests_leave_at_the_times_of_their_plan(program: Path, log: Path) -> None:
    found = seen(program, log, requests=400, rate=200.0, poisson=True)
    due_s = np.array([record.due_ns / 1e9 for record in found.done.records])  # type: ignore[operator]
    arrived_s = found.by_id(found.truth.arrived_s)
    assert np.ptp(arrived_s) == pytest.approx(np.ptp(due_s), rel=0.01)
    assert np.all(arrived_s >= due_s)
    assert np.median(arrived_s - due_s) < 0.02


def test_the_wait_for_a_place_shows_in_the_latency_from_the_scheduled_time(program: Path, log: Path) -> None:
    found = seen(program, log, requests=160, rate=200.0, poisson=True, concurrency=16)
    summary = summarise(found.done, {}).whole
    # Sixteen places at 365 ms make 44 requests/s, and 200/s are due: the last waits for about 2.8 s.
    assert summary.concurrency < 16.1
    assert summary.ttft_ms is not None
    assert summary.service_ttft_ms is not None
    assert summary.ttft_ms.most > 2000
    assert summary.ttft_ms.p50.value > 1000
    assert summary.service_ttft_ms.p50.value < 150
    assert np.median(found.truth.ttft_ms) < 100


def test_a_trace_is_replayed_at_its_own_times(program: Path, log: Path) -> None:
    trace = Path(__file__).parents[3] / "benchmarks" / "data" / "traces" / "azure_llm_2023_conv_first_200.csv"
    found = seen(program, log, requests=60, trace=trace, trace_speed=10.0)
    due_s = np.array([record.due_ns / 1e9 for record in found.done.records])  # type: ignore[operator]
    assert np.median(found.by_id(found.truth.arrived_s) - due_s) < 0.02
    assert [r.input_tokens for r in found.done.records] == [r.planned_input for r in found.done.records]
    assert [r.output_tokens for r in found.done.records] == [r.asked_tokens for r in found.done.records]
