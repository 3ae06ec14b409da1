"""What a parity workload of a job still has to hear, on a real Postgres."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from db.claims import Claim
from db.jobs import get_job, jobs_of
from db.observations import end_observation, observation_of, save_observed
from db.session import transaction
from db.tables import Job
from evals.client import EngineClient
from evals.parity.asking.prompt import Prompt
from evals.parity.asking.prompts import PromptSet
from evals.parity.records import SERVED_DTYPE
from evals.spec import ModelSpec, Role, Workload
from tests.integration.db.builders import claimed
from tests.integration.workers.parity_world import observation, parity_run
from tests.unit.evals.parity.asking.scripted_server import Script, client_for, serving
from workers.heartbeat import Heartbeat
from workers.parity import left_to_hear, prompts_of, run_parity

pytestmark = pytest.mark.usefixtures("database")

PROMPTS = PromptSet(prompts=(Prompt(name="a", ids=(1, 2)), Prompt(name="b", ids=(3,))))
DEMO = Path(__file__).resolve().parents[3] / "demo" / "demo-vlm"
OTHERS = PromptSet(prompts=(Prompt(name="a", ids=(1, 2)), Prompt(name="b", ids=(4,))))
HEARD = observation(0.0, full=True)


def claimed_parity() -> tuple[Claim, Workload]:
    _, jobs = parity_run()
    held = claimed(jobs[Role.CANDIDATE].id)
    return held, held.job.spec.workloads[0]


def next_attempt(held: Claim) -> Claim:
    """Return the claim as the job's next attempt sees it."""
    with transaction() as session:
        return replace(held, job=get_job(session, held.job.id))


def test_all_prompts_are_left_until_the_end_is_noted() -> None:
    held, workload = claimed_parity()
    assert left_to_hear(held, workload, PROMPTS) == 2
    with transaction() as session:
        save_observed(session, held.lease, workload.name, HEARD.records)
    assert left_to_hear(next_attempt(held), workload, PROMPTS) == 2
    with transaction() as session:
        end_observation(session, held.lease, workload.name, HEARD)
    assert left_to_hear(next_attempt(held), workload, PROMPTS) == 0


def test_what_was_heard_of_other_prompts_is_forgotten() -> None:
    held, workload = claimed_parity()
    left_to_hear(held, workload, PROMPTS)
    with transaction() as session:
        save_observed(session, held.lease, workload.name, HEARD.records)
        end_observation(session, held.lease, workload.name, HEARD)
    assert left_to_hear(next_attempt(held), workload, OTHERS) == 2
    with transaction() as session:
        assert observation_of(session, held.job.id, workload.name).records == ()


def test_a_workload_that_has_heard_everything_asks_nobody() -> None:
    held, workload = claimed_parity()
    with transaction() as session:
        end_observation(session, held.lease, workload.name, HEARD)

    def connect() -> EngineClient:
        raise AssertionError("somebody was asked")

    run_parity(
        held,
        workload,
        PROMPTS,
        connect=connect,
        heartbeat=Heartbeat(held.lease, lease_s=30, every_s=2),
        first_trouble=lambda writer: lambda: None,
    )


def cached_on_hub(home: Path, name: str) -> None:
    """Put the demo model into a hub cache."""
    cache = home / f"models--{name.replace('/', '--')}"
    (cache / "refs").mkdir(parents=True)
    (cache / "refs" / "main").write_text("c0ffee")
    (cache / "snapshots").mkdir()
    (cache / "snapshots" / "c0ffee").symlink_to(DEMO)


def test_a_model_of_the_hub_is_asked_what_its_cached_folder_allows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    model = ModelSpec(path="acme/tiny")
    workload = Workload(name="parity", benchmark="parity", metric="parity", margin=0.0, options={"images": True})
    unknown = prompts_of(workload, model)
    assert not unknown.is_resolved
    assert "folder" in unknown.left_out["image/tiny"]
    cached_on_hub(tmp_path, "acme/tiny")
    known = prompts_of(workload, model)
    assert known.is_resolved
    assert {"image/tiny", "special/in-a-row"} <= {prompt.name for prompt in known.prompts}


def test_prompts_are_made_anew_once_the_engine_has_fetched_the_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    held, workload = claimed_parity()
    spec = replace(held.job.spec, model=ModelSpec(path="acme/tiny"), role=Role.BASELINE)
    held = replace(held, job=replace(held.job, spec=spec))
    prompts = prompts_of(workload, spec.model)
    left_to_hear(held, workload, prompts)
    cached_on_hub(tmp_path, "acme/tiny")
    with serving(Script()) as url:
        run_parity(
            held,
            workload,
            prompts,
            connect=lambda: client_for(url),
            heartbeat=Heartbeat(held.lease, lease_s=30, every_s=2),
            first_trouble=lambda writer: lambda: None,
        )
    made = prompts_of(workload, spec.model)
    with transaction() as session:
        heard = observation_of(session, held.job.id, workload.name)
        facts = get_job(session, held.job.id).facts
    assert heard.facts["prompts_sha256"] == facts[f"prompts of {workload.name}"] == made.digest()
    assert "special/in-a-row" in {record.prompt for record in heard.records}


def test_what_a_server_says_of_its_limits_is_kept() -> None:
    held, workload = claimed_parity()
    with transaction() as session:
        end_observation(session, held.lease, workload.name, HEARD)
    with transaction() as session:
        assert observation_of(session, held.job.id, workload.name).limits == HEARD.limits != {}


@pytest.mark.parametrize(("said", "noted"), [("auto", "bfloat16"), ("float32", "float32")])
def test_the_served_dtype_is_kept_also_of_a_server_that_only_says_auto(said: str, noted: str) -> None:
    held, workload = claimed_parity()
    script = Script()
    script.dtype = said
    with serving(script) as url:
        run_parity(
            held,
            workload,
            PROMPTS,
            connect=lambda: client_for(url),
            heartbeat=Heartbeat(held.lease, lease_s=30, every_s=2),
            first_trouble=lambda writer: lambda: None,
        )
    with transaction() as session:
        assert observation_of(session, held.job.id, workload.name).notes[SERVED_DTYPE] == noted
        facts = get_job(session, held.job.id).facts
    assert facts[f"workload:{workload.name}"][SERVED_DTYPE] == noted


def test_jobs_stand_in_the_order_of_their_roles_whatever_their_ids_say() -> None:
    run_id, jobs = parity_run()
    roles = list(jobs)
    assert roles == [Role.CANDIDATE, Role.BASELINE, Role.REFERENCE, Role.CHUNKED]
    with transaction() as session:
        for number, role in enumerate(reversed(roles)):
            session.get_one(Job, jobs[role].id).id = f"j{number}"
    with transaction() as session:
        assert [job.role for job in jobs_of(session, run_id)] == roles
