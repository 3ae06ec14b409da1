"""What a job needs before an engine is launched: its benchmarks with checked items, and what is already answered."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from db.claims import Claim
from db.jobs import note_facts
from db.reuse import Identity, reuse_responses
from db.runs import get_run
from db.samples import forget_responses, responses_of
from db.session import transaction
from db.settings import Settings
from evals.accuracy.benchmark import Benchmark
from evals.accuracy.benchmarks import load_benchmark
from evals.accuracy.gate import Gate
from evals.accuracy.harness import unanswered
from evals.accuracy.questions import Question
from evals.modalities import require_eyes
from evals.parity.asking.prompts import PromptSet
from evals.parity.settings import is_parity
from evals.protocol import GenerationRequest
from evals.result import Response, SampleKey
from evals.sgl_eval.benchmarks import is_sgl_eval
from evals.sgl_eval.data import Items, load_items
from evals.spec import EngineSpec, JobSpec, ModelSpec, Role, Submission, Workload
from evals.workload_kinds import is_engine_check
from workers.devices import gpus_of
from workers.external_preflight import check_external_package
from workers.gate import StoredAnswers, gate_of, order_fact
from workers.harnesses.sgl_eval import require_sgl_eval
from workers.parity import left_to_hear, prompts_of
from workers.provenance import IDENTITY, host_facts, is_another, known_facts

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A workload with its benchmark loaded; sgl-eval's with the items that it is handed, parity with its prompts.

    gate: of one that may stop early, with what the other side has answered.
    """

    workload: Workload
    benchmark: Benchmark | None = None
    gate: tuple[Gate, StoredAnswers] | None = None
    items: Items | None = None
    prompts: PromptSet | None = None


def prepare(claim: Claim, settings: Settings) -> list[Prepared]:
    """Load and check the items of all of a job's workloads, and its own model code; raise what is wrong with them.

    An engine's own checks need nothing of this.
    """
    check_external_package(claim, settings)
    spec = claim.job.spec
    prepared = []
    for workload in spec.workloads:
        if is_engine_check(workload.benchmark):
            continue
        require_eyes(spec.model, spec.engine, workload, side=spec.role)
        prepared.append(_with_gate(claim, _prepared(workload, spec.model, settings)))
    return prepared


def _with_gate(claim: Claim, item: Prepared) -> Prepared:
    found = gate_of(claim, item.workload, item.benchmark) if item.benchmark is not None else None
    if found is None:
        return item
    with transaction() as session:
        note_facts(session, claim.lease, {order_fact(item.workload): found[0].order.as_json()})
    return replace(item, gate=found)


def _prepared(workload: Workload, model: ModelSpec, settings: Settings) -> Prepared:
    if is_parity(workload.benchmark):
        return Prepared(workload=workload, prompts=prompts_of(workload, model))
    if not is_sgl_eval(workload.benchmark):
        return Prepared(workload=workload, benchmark=load_benchmark(workload, data_folder=settings.data))
    require_sgl_eval(settings)
    return Prepared(workload=workload, items=load_items(workload, data_folder=settings.data))


def facts_about_host(claim: Claim) -> dict[str, str]:
    """Return what a job runs on, and which version of Plumbline asks."""
    return host_facts(None if claim.job.spec.engine.kind == "remote" else gpus_of(claim.devices))


def answers_of(claim: Claim, workload: Workload) -> dict[SampleKey, Response]:
    """Return what the job has stored of a workload."""
    with transaction() as session:
        return {response.key: response for response in responses_of(session, claim.job.id, workload.name)}


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What is answered before a launch: whether nothing is left to ask, and under which facts answers are stored."""

    complete: bool
    facts: Mapping[str, Any]


def standing_of(claim: Claim, prepared: list[Prepared], settings: Settings) -> Standing:
    """Take over what the same engine has answered before, for this job or another.

    Answers of the job's own earlier attempts that another model or engine gave are
    forgotten first. Without knowing beforehand who will answer, nothing is taken over.
    """
    spec = claim.job.spec
    expected = known_facts(spec.engine, spec.model, settings)
    if expected is None:
        return Standing(complete=False, facts=claim.job.facts)
    expected |= facts_about_host(claim)
    with transaction() as session:
        if is_another(claim.job.facts, expected):
            log.warning("job %s: the model or its engine has changed; earlier answers are asked again", claim.job.id)
            forget_responses(session, claim.lease)
        note_facts(session, claim.lease, expected)
        lends = _may_reuse(get_run(session, claim.job.run_id).submission, spec)
    identity = Identity(
        answered_by=expected[IDENTITY], hardware=expected["hardware"], files_as_of=expected["files_as_of"]
    )
    left = sum(_reuse(claim, item, identity if lends else None) for item in prepared)
    return Standing(complete=not left, facts=expected)


def _may_reuse(submission: Submission, spec: JobSpec) -> bool:
    """Tell whether a job may use other runs' answers: not the candidate that is compared with itself.

    Two equal sides would be given the same answers, and whoever compares an engine with itself wants to see its noise.
    """
    same = submission.candidate == submission.baseline
    return spec.use_cache and not (same and spec.role is Role.CANDIDATE)


def _reuse(claim: Claim, item: Prepared, identity: Identity | None) -> int:
    """Return how many of a workload's questions are left after earlier answers were taken over.

    Nothing is left to ask where both sides' answers make pass or fail certain already. sgl-eval's questions are known
    only while it runs, so all of its items are left. Parity is never taken over from
    another run: it is about the engines as they are now.
    """
    if item.prompts is not None:
        return left_to_hear(claim, item.workload, item.prompts)
    if item.benchmark is None:
        return len(item.items.rows) if item.items else 0
    left = _unanswered(claim, item, item.benchmark, identity)
    if left and item.gate is not None and item.gate[0].know(answers_of(claim, item.workload)):
        return 0
    return left


def _unanswered(claim: Claim, item: Prepared, benchmark: Benchmark, identity: Identity | None) -> int:
    open_ = unanswered(benchmark, answers_of(claim, item.workload))
    if not open_ or identity is None:
        return len(open_)
    wanted: dict[str, list[SampleKey]] = defaultdict(list)
    for question in open_:
        if _is_repeatable(question, claim.job.spec.engine):
            wanted[question.request_sha256].append(question.key)
    prompts = {question.prompt_sha256: question.prompt for question in open_}
    with transaction() as session:
        reused = reuse_responses(
            session, claim.lease, item.workload.name, wanted=wanted, prompts=prompts, identity=identity
        )
    return len(open_) - reused


def _is_repeatable(question: Question, engine: EngineSpec) -> bool:
    """Tell whether asking again would give the same answer: greedy, or sampled with a seed that the engine heeds.

    SGLang 0.5.23 heeds a request's seed only with deterministic inference.
    """
    request = question.request
    if not isinstance(request, GenerationRequest) or request.temperature == 0:
        return True
    heeds = engine.kind != "sglang" or bool(engine.args.get("enable-deterministic-inference"))
    return heeds and request.seed is not None
