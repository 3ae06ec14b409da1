"""Duels claim a whole host: who waits for whom, on a real Postgres."""

from __future__ import annotations

from dataclasses import replace

import pytest

from db.claims import Claim
from db.jobs import JobRecord
from db.runs import request_cancel
from db.session import transaction
from db.settings import Settings
from evals.plan import load_suite
from evals.spec import CUSTOM_SUITE, EngineSpec, Role
from tests.integration.db.builders import claim, end, new_run, submission
from workers import devices
from workers.devices import chooser
from workers.gpus import Gpu

pytestmark = pytest.mark.usefixtures("database")

SLOTS = Settings(cpu_slots=2, remote_slots=1)


def new_duel() -> JobRecord:
    return new_run(replace(submission(), suite="demo-serving"))[1][-1]


def claim_on_two_slots(job: JobRecord) -> Claim | None:
    return claim(job.id, choose=chooser(SLOTS))


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
