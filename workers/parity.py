"""Run a parity workload of a job: put its prompts to the server, and keep what is heard."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from db.claims import Claim
from db.jobs import note_facts
from db.observations import end_observation, forget_observation, is_observed, observation_of
from db.session import transaction
from evals.client import EngineClient
from evals.parity.asking.observing import ParityListener, observe
from evals.parity.asking.prompts import PromptSet, prompt_set
from evals.parity.records import SERVED_DTYPE, Observation, Record, Tokenized
from evals.parity.settings import parity_settings
from evals.spec import JobSpec, ModelSpec, Role, Workload
from workers.engines.dtypes import AUTO, launch_dtype
from workers.heartbeat import Heartbeat
from workers.model_files import known_folder
from workers.response_writer import ObservationWriter


def prompts_of(workload: Workload, model: ModelSpec) -> PromptSet:
    """Return a parity workload's prompts for a model."""
    return prompt_set(parity_settings(workload), known_folder(model))


def left_to_hear(claim: Claim, workload: Workload, prompts: PromptSet) -> int:
    """Return how many prompts are left to ask; what was heard of other prompts than these is forgotten."""
    fact, digest, job = f"prompts of {workload.name}", prompts.digest(), claim.job
    with transaction() as session:
        if job.facts.get(fact, digest) != digest:
            forget_observation(session, claim.lease, workload.name)
        note_facts(session, claim.lease, {fact: digest})
        return 0 if is_observed(session, job.id, workload.name) else len(prompts.prompts)


def run_parity(
    claim: Claim,
    workload: Workload,
    prompts: PromptSet,
    *,
    connect: Callable[[], EngineClient],
    heartbeat: Heartbeat,
    first_trouble: Callable[[ObservationWriter], Callable[[], None]],
) -> None:
    """Ask what a parity workload has not heard yet; the candidate is asked in all modes, the others in one.

    first_trouble: makes the check that raises what ends the job. Raises what `observe` meets.
    """
    name = workload.name
    with transaction() as session:
        if is_observed(session, claim.job.id, name):
            return
        known = observation_of(session, claim.job.id, name)
    if not prompts.is_resolved:
        # The engine has fetched the model by now, so that its tokenizer may be here.
        prompts = prompts_of(workload, claim.job.spec.model)
        left_to_hear(claim, workload, prompts)

    def show(done: int, total: int) -> None:
        heartbeat.show(name, {"done": done, "total": total})

    def keep(heard: Record | Tokenized) -> None:
        writer.put((name, heard))

    with ObservationWriter(claim.lease) as writer:
        heard = observe(
            prompts,
            parity_settings(workload),
            connect=connect,
            full=claim.job.spec.role is Role.CANDIDATE,
            known=known,
            hear=ParityListener(on_record=keep, on_progress=show, check=first_trouble(writer)),
        )
    _note_end(claim, workload, _with_dtype(heard, claim.job.spec))


def _with_dtype(heard: Observation, spec: JobSpec) -> Observation:
    """Add the dtype that a server of ours did not say it serves in, as far as it was told one or its model decides."""
    if SERVED_DTYPE in heard.notes or spec.engine.kind == "remote":
        return heard
    dtype = launch_dtype(spec.engine, spec.model)
    return heard if dtype == AUTO else replace(heard, notes={**heard.notes, SERVED_DTYPE: dtype})


def _note_end(claim: Claim, workload: Workload, heard: Observation) -> None:
    facts = {**heard.facts, **heard.notes} | ({"left_out": dict(heard.left_out)} if heard.left_out else {})
    with transaction() as session:
        end_observation(session, claim.lease, workload.name, heard)
        note_facts(session, claim.lease, {f"workload:{workload.name}": facts})
