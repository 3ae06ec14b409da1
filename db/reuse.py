"""The result cache: answers that the same engine, model and request gave before, taken instead of asking again.

There is no second store: a cached answer is a stored response of another run's job. Who answered is `Identity`, what
was asked is the request's hash; both must be the same. The two sides of one run never lend each other answers: who
compares an engine with itself wants to see its noise.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from db.jobs import Lease
from db.samples import response_of, save_responses
from db.tables import Job, StoredResponse
from evals.result import Response, SampleKey

_AT_ONCE = 5000


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Say who answers: the hash of model, engine build, arguments and code, and the hardware it runs on.

    files_as_of: a hash over the times of the model's files, where they lie here.
    """

    answered_by: str
    hardware: str
    files_as_of: str | None = None


def reuse_responses(
    session: Session,
    lease: Lease,
    workload: str,
    *,
    wanted: Mapping[str, Sequence[SampleKey]],
    prompts: Mapping[str, str],
    identity: Identity,
) -> int:
    """Copy the known answers to some requests into a job; return how many there were.

    wanted: request hash to the keys that ask it. prompts: SHA-256 to text. Raises LeaseLostError like every write.
    """
    found: dict[str, list[tuple[str, Response]]] = defaultdict(list)
    for job_id, response in _known(session, lease.job_id, list(wanted), identity):
        for key in wanted[response.request_sha256 or ""]:
            found[job_id].append((workload, replace(response, key=key)))
    for job_id, responses in found.items():
        used = {response.prompt_sha256: prompts[response.prompt_sha256] for _, response in responses}
        save_responses(session, lease, responses, used, reused_from=job_id)
    return sum(len(responses) for responses in found.values())


def reused_by(session: Session, job_id: str) -> dict[str, int]:
    """Return how many of a job's answers came from which other job."""
    query = (
        select(StoredResponse.reused_from, func.count())
        .where(StoredResponse.job_id == job_id, StoredResponse.reused_from.is_not(None))
        .group_by(StoredResponse.reused_from)
    )
    return {str(origin): int(count) for origin, count in session.execute(query)}


def _known(
    session: Session, own_job: str, requests: Sequence[str], identity: Identity
) -> Iterable[tuple[str, Response]]:
    """Yield one earlier answer to each request, the newest, with the job that asked for it first."""
    own_run = select(Job.run_id).where(Job.id == own_job).scalar_subquery()
    for start in range(0, len(requests), _AT_ONCE):
        query = (
            select(StoredResponse)
            .join(Job, Job.id == StoredResponse.job_id)
            .where(
                StoredResponse.request_sha256.in_(requests[start : start + _AT_ONCE]),
                Job.run_id != own_run,
                Job.facts["answered_by"].astext == identity.answered_by,
                Job.facts["hardware"].astext == identity.hardware,
                Job.facts["files_as_of"].astext.is_not_distinct_from(identity.files_as_of),
            )
            .ext(distinct_on(StoredResponse.request_sha256))
            .order_by(StoredResponse.request_sha256, StoredResponse.ended_at.desc())
        )
        for row in session.scalars(query):
            yield row.reused_from or row.job_id, response_of(row)
