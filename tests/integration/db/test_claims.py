"""Claims, leases and holds on a real Postgres."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import select, text

from db.claims import Claim, end_job, requeue_job
from db.jobs import JobRecord, enter_phase, get_job, note_facts, renew_lease
from db.reconcile import MAX_LOSSES, expire_leases, lost_jobs, stuck_runs, waiting_jobs
from db.runs import finish_run, get_run, lock_run, request_cancel, retry_run
from db.session import transaction
from db.settings import Settings
from db.states import JobState, Phase, RunState
from db.tables import DeviceHold
from evals.errors import LeaseLostError
from evals.plan import load_suite
from evals.spec import CUSTOM_SUITE, EngineSpec, Role
from tests.integration.db.builders import claim, new_run, one_slot, submission
from workers import devices
from workers.devices import chooser
from workers.gpus import Gpu

pytestmark = pytest.mark.usefixtures("database")


SLOTS = Settings(cpu_slots=2, remote_slots=1)


def new_duel() -> JobRecord:
    return new_run(replace(submission(), suite="demo-serving"))[1][-1]


def claim_on_two_slots(job: JobRecord) -> Claim | None:
    return claim(job.id, choose=chooser(SLOTS))


def end(held: Claim | None) -> None:
    assert held is not None
    with transaction() as session:
        end_job(session, held.lease, JobState.SUCCEEDED)


def state_of(job_id: str) -> JobState:
    with transaction() as session:
        return get_job(session, job_id).state


def test_of_many_workers_with_the_same_message_one_gets_the_job() -> None:
    _, jobs = new_run()
    with ThreadPoolExecutor(8) as pool:
        claims = [c for c in pool.map(lambda _: claim(jobs[0].id), range(8)) if c is not None]
    assert len(claims) == 1
    assert claims[0].job.attempt == 1
    assert state_of(jobs[0].id) == JobState.RUNNING


def test_two_jobs_never_hold_the_same_device() -> None:
    _, jobs = new_run()
    with ThreadPoolExecutor(2) as pool:
        claims = list(pool.map(lambda job: claim(job.id, choose=one_slot), jobs))
    assert sum(c is not None for c in claims) == 1
    winner = next(c for c in claims if c is not None)
    with transaction() as session:
        end_job(session, winner.lease, JobState.SUCCEEDED)
    loser = next(job for job in jobs if job.id != winner.job.id)
    assert claim(loser.id, choose=one_slot) is not None


def test_a_hold_is_void_once_its_lease_has_run_out() -> None:
    _, jobs = new_run()
    assert claim(jobs[0].id, choose=one_slot, lease_s=-1) is not None
    assert claim(jobs[1].id, choose=one_slot) is not None


def test_the_first_claim_starts_the_run() -> None:
    run, jobs = new_run()
    claim(jobs[0].id)
    with transaction() as session:
        assert get_run(session, run.id).state == RunState.RUNNING


def test_a_worker_that_lost_its_lease_can_write_nothing() -> None:
    _, jobs = new_run()
    old = claim(jobs[0].id, lease_s=-1)
    assert old is not None
    with transaction() as session:
        assert [job.state for job in lost_jobs(session)] == [JobState.QUEUED]
    new = claim(jobs[0].id)
    assert new is not None
    assert new.lease.attempt == 2
    with pytest.raises(LeaseLostError), transaction() as session:
        renew_lease(session, old.lease, lease_s=30, progress={"x": 1})
    with pytest.raises(LeaseLostError), transaction() as session:
        enter_phase(session, old.lease, Phase.LAUNCHING)
    with pytest.raises(LeaseLostError), transaction() as session:
        note_facts(session, old.lease, {"x": 1})
    with transaction() as session:
        assert end_job(session, old.lease, JobState.SUCCEEDED) is False
        assert requeue_job(session, old.lease, error=None, count_failure=True) is False
        job = get_job(session, jobs[0].id)
        assert (job.state, job.facts, job.progress, job.timeline) == (JobState.RUNNING, {}, {}, [])


def test_the_late_end_of_an_old_attempt_does_not_free_the_new_ones_device() -> None:
    _, jobs = new_run()
    old = claim(jobs[0].id, lease_s=-1, choose=one_slot)
    with transaction() as session:
        lost_jobs(session)
    claim(jobs[0].id, choose=one_slot)
    with transaction() as session:
        assert old is not None
        end_job(session, old.lease, JobState.SUCCEEDED)
        assert session.scalars(select(DeviceHold.device)).all() == ["cpu:0"]


def test_renewing_carries_progress_out_and_the_wish_to_cancel_in() -> None:
    run, jobs = new_run()
    held = claim(jobs[0].id)
    assert held is not None
    with transaction() as session:
        assert renew_lease(session, held.lease, lease_s=30, progress={"gsm8k": {"done": 3}}) is False
        assert request_cancel(session, run.id) == [jobs[0].id]
    with transaction() as session:
        assert renew_lease(session, held.lease, lease_s=30, progress={"gsm8k": {"done": 4}}) is True
        assert get_job(session, jobs[0].id).progress == {"gsm8k": {"done": 4}}
    assert state_of(jobs[1].id) == JobState.CANCELLED


def test_a_renewed_lease_is_not_lost() -> None:
    _, jobs = new_run()
    held = claim(jobs[0].id, lease_s=-1)
    assert held is not None
    with transaction() as session:
        renew_lease(session, held.lease, lease_s=30, progress={})
        assert lost_jobs(session) == []


def test_a_lost_job_that_was_cancelled_is_not_started_again() -> None:
    run, jobs = new_run()
    claim(jobs[0].id, lease_s=-1)
    with transaction() as session:
        request_cancel(session, run.id)
        assert [job.state for job in lost_jobs(session)] == [JobState.CANCELLED]


def test_a_job_whose_workers_keep_dying_fails_in_the_end() -> None:
    _, jobs = new_run()
    for _attempt in range(MAX_LOSSES):
        assert claim(jobs[0].id, lease_s=-1) is not None
        with transaction() as session:
            lost_jobs(session)
    assert state_of(jobs[0].id) == JobState.FAILED
    with transaction() as session:
        error = get_job(session, jobs[0].id).error
    assert error is not None
    assert error["code"] == "worker_lost"


def test_a_lease_can_be_ended_early_for_a_worker_known_to_be_dead() -> None:
    _, jobs = new_run()
    claim(jobs[0].id, lease_s=300)
    with transaction() as session:
        assert lost_jobs(session) == []
        expire_leases(session, [jobs[0].id])
        assert [job.id for job in lost_jobs(session)] == [jobs[0].id]


def test_exactly_one_caller_finishes_a_run() -> None:
    run, jobs = new_run()
    claims = [claim(job.id) for job in jobs]
    with transaction() as session:
        assert claims[0] is not None
        end_job(session, claims[0].lease, JobState.SUCCEEDED)
        assert finish_run(session, run.id) is False
    with transaction() as session:
        assert claims[1] is not None
        end_job(session, claims[1].lease, JobState.FAILED, error={"code": "x"})

    def finish(_: int) -> bool:
        with transaction() as session:
            return finish_run(session, run.id)

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(finish, range(8))) == 1


def test_both_jobs_ending_at_the_same_moment_still_finish_the_run_once() -> None:
    for _round in range(5):
        run, jobs = new_run()
        claims = [claim(job.id) for job in jobs]

        def end(held: object, run_id: str = run.id) -> bool:
            with transaction() as session:
                lock_run(session, run_id)
                end_job(session, held.lease, JobState.SUCCEEDED)  # type: ignore[attr-defined]  # a Claim
                return finish_run(session, run_id)

        with ThreadPoolExecutor(2) as pool:
            assert sum(pool.map(end, claims)) == 1


def test_a_silent_queued_job_gets_one_more_message_and_then_rests() -> None:
    _, jobs = new_run()
    with transaction() as session:
        assert waiting_jobs(session, silent_s=30) == []
        session.execute(text("UPDATE jobs SET enqueued_at = now() - interval '1 minute'"))
        assert {job_id for job_id, _ in waiting_jobs(session, silent_s=30)} == {job.id for job in jobs}
        assert waiting_jobs(session, silent_s=30) == []


def test_runs_that_nobody_finished_and_reports_that_never_came_are_found() -> None:
    run, jobs = new_run()
    for job in jobs:
        held = claim(job.id)
        assert held is not None
        with transaction() as session:
            end_job(session, held.lease, JobState.SUCCEEDED)
    with transaction() as session:
        assert stuck_runs(session, silent_s=30) == ([run.id], [])
        finish_run(session, run.id)
        session.execute(text("UPDATE runs SET reporting_since = now() - interval '1 minute'"))
        assert stuck_runs(session, silent_s=30) == ([], [run.id])


def test_a_retried_run_queues_only_what_did_not_succeed() -> None:
    run, jobs = new_run()
    for job, state in zip(jobs, (JobState.SUCCEEDED, JobState.FAILED), strict=True):
        held = claim(job.id)
        assert held is not None
        with transaction() as session:
            end_job(session, held.lease, state, error={"code": "x"} if state == JobState.FAILED else None)
    with transaction() as session:
        finish_run(session, run.id)
        session.execute(text("UPDATE runs SET state = 'finished', verdict = 'error'"))
    with transaction() as session:
        assert retry_run(session, run.id) == [jobs[1].id]
    assert [state_of(job.id) for job in jobs] == [JobState.SUCCEEDED, JobState.QUEUED]
    with transaction() as session:
        assert get_run(session, run.id).state == RunState.QUEUED


def test_a_duel_takes_the_whole_host() -> None:
    _, (other, _) = new_run()
    held = claim_on_two_slots(other)
    duel = new_duel()
    assert claim_on_two_slots(duel) is None
    end(held)
    alone = claim_on_two_slots(duel)
    assert alone is not None
    assert alone.devices == ("cpu:0", "cpu:1", "remote:0")
    assert claim_on_two_slots(new_run()[1][0]) is None
    end(alone)
    assert claim_on_two_slots(new_run()[1][0]) is not None


def test_newcomers_wait_behind_a_duel_that_waits_for_the_whole_host() -> None:
    _, (first, _) = new_run()
    held = claim_on_two_slots(first)
    duel = new_duel()
    _, (newcomer, _) = new_run()
    assert claim_on_two_slots(duel) is None
    assert claim_on_two_slots(newcomer) is None  # though one of the two slots is free
    assert claim(newcomer.id, host="other", choose=chooser(SLOTS)) is None
    end(held)
    assert claim_on_two_slots(newcomer) is None
    end(claim_on_two_slots(duel))
    assert claim_on_two_slots(newcomer) is not None


def test_who_came_before_a_duel_or_needs_other_devices_does_not_wait_for_it() -> None:
    _, (elder, _) = new_run()
    duel = new_duel()
    assert claim_on_two_slots(elder) is not None
    on_gpus = EngineSpec(kind="sglang", device="cuda", gpus=1)
    _, (newcomer, _) = new_run(replace(submission(), candidate=on_gpus, baseline=on_gpus))
    assert newcomer.queue == "jobs.cuda"
    assert claim(newcomer.id, host="other") is not None
    with transaction() as session:
        request_cancel(session, duel.run_id)
    assert claim_on_two_slots(new_run()[1][0]) is not None


ON_GPU = EngineSpec(kind="sglang", device="cuda", gpus=1)
GPUS = [
    Gpu(index=number, uuid=f"GPU-{number}", name="NVIDIA H200", memory_bytes=2**37, driver="570") for number in (0, 1)
]
BOTH_QUEUES = frozenset({"jobs.cpu", "jobs.cuda"})


def on(engine: EngineSpec, *, duel: bool = False) -> JobRecord:
    asked = replace(submission(), candidate=engine, baseline=engine, suite="demo-serving" if duel else "demo")
    return new_run(asked)[1][-1]


@pytest.fixture
def two_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "list_gpus", lambda: GPUS)


@pytest.mark.usefixtures("two_gpus")
def test_a_duel_on_cpus_keeps_the_gpus_of_its_host_too() -> None:
    on_gpu, duel = on(ON_GPU), new_duel()
    held = claim_on_two_slots(on_gpu)
    assert held is not None
    assert claim_on_two_slots(duel) is None
    end(held)
    alone = claim_on_two_slots(duel)
    assert alone is not None
    assert alone.devices == ("cpu:0", "cpu:1", "remote:0", "GPU-0", "GPU-1")
    assert claim_on_two_slots(on(ON_GPU)) is None
    end(alone)


@pytest.mark.usefixtures("two_gpus")
def test_behind_a_duel_on_gpus_wait_only_those_who_want_gpus() -> None:
    held = claim_on_two_slots(on(replace(ON_GPU, gpus=2)))
    duel = on(ON_GPU, duel=True)
    assert claim_on_two_slots(duel) is None
    remote = on(EngineSpec(kind="remote", device="cuda", base_url="http://127.0.0.1:1"))
    assert remote.queue == duel.queue
    assert claim_on_two_slots(remote) is not None
    assert claim(new_run()[1][0].id, choose=chooser(SLOTS), queues=BOTH_QUEUES) is not None
    newcomer = on(ON_GPU)
    end(held)
    assert claim_on_two_slots(newcomer) is None
    assert claim_on_two_slots(duel) is not None
    assert claim_on_two_slots(newcomer) is not None  # on the other GPU


@pytest.mark.usefixtures("two_gpus")
def test_behind_a_duel_on_cpus_wait_all_whom_its_worker_could_serve() -> None:
    first = claim_on_two_slots(on(ON_GPU))
    duel, newcomer = new_duel(), on(ON_GPU)
    assert claim(newcomer.id, choose=chooser(SLOTS), queues=BOTH_QUEUES) is None
    later_duel = on(ON_GPU, duel=True)
    assert claim(later_duel.id, choose=chooser(SLOTS), queues=BOTH_QUEUES) is None
    assert claim(newcomer.id, host="other", choose=chooser(SLOTS), queues={"jobs.cuda"}) is not None
    end(first)
    assert claim(duel.id, choose=chooser(SLOTS), queues=BOTH_QUEUES) is not None


def test_the_jobs_of_a_duels_own_run_come_before_it() -> None:
    with_duel = replace(submission(), suite=CUSTOM_SUITE, workloads=(*load_suite("demo"), *load_suite("demo-serving")))
    _, jobs = new_run(with_duel)
    assert [job.role for job in jobs] == [Role.CANDIDATE, Role.BASELINE, Role.DUEL]
    held = [claim_on_two_slots(job) for job in jobs]
    assert [one is not None for one in held] == [True, True, False]
    end(held[0])
    assert claim_on_two_slots(jobs[2]) is None
    end(held[1])
    assert claim_on_two_slots(jobs[2]) is not None


def test_two_duels_take_turns() -> None:
    elder, younger = new_duel(), new_duel()
    assert claim_on_two_slots(younger) is None
    end(claim_on_two_slots(elder))
    assert claim_on_two_slots(younger) is not None
