"""A pull request with runs in a real database, whose comment is posted to the stand-in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from db.claims import end_job
from db.jobs import Lease
from db.reports import latest_report, save_report
from db.runs import create_run, finish_run
from db.session import transaction
from db.settings import settings
from db.states import JobState
from db.tables import Job
from db.tables_github import Evaluation, Head, Pull
from evals.result import Report
from evals.spec import JobSpec, Role
from tests.github.standin import APP_ID, StandIn
from tests.integration.db.builders import submission
from tests.unit.evals.report_examples import WORKLOAD
from workers.github.posting import post_pull

PULL, REPOSITORY, NUMBER, HEAD = "p1", "org/engine", 12, "a" * 40


@dataclass(frozen=True, kw_only=True)
class PullWorld:
    """One pull request of the stand-in, known to the database."""

    github: StandIn

    def evaluate(self, head_sha: str = HEAD) -> str:
        """Make a run for a head of the pull request, and return its id."""
        run_id = self.submit()
        with transaction() as session:
            if session.get(Head, (PULL, head_sha)) is None:
                session.add(Head(pull_id=PULL, head_sha=head_sha))
            session.execute(sa.update(Pull).values(head_sha=head_sha, changed_at=sa.func.now()))
            session.add(
                Evaluation(
                    run_id=run_id, pull_id=PULL, head_sha=head_sha, evaluation=run_id, asked_by="alice", why="comment"
                )
            )
        return run_id

    def submit(self) -> str:
        """Make a run of both engines, and return its id."""
        asked = submission()
        specs = [
            JobSpec(role=role, model=asked.model, engine=engine, workloads=(WORKLOAD,))
            for role, engine in ((Role.CANDIDATE, asked.candidate), (Role.BASELINE, asked.baseline))
        ]
        with transaction() as session:
            return create_run(session, submission=asked, jobs=specs, token_id=None)[0].id

    def starts(self, run_id: str) -> None:
        """Let a run's jobs be at work."""
        with transaction() as session:
            session.execute(
                sa.update(Job)
                .where(Job.run_id == run_id)
                .values(state=JobState.RUNNING, lease_token=Job.id, progress={"gsm8k": {"done": 3, "total": 8}})
            )
            session.execute(sa.text("UPDATE runs SET state = 'running' WHERE id = :id"), {"id": run_id})

    def ends(self, run_id: str, report: Report) -> None:
        """Let a run end with a report."""
        self.starts(run_id)
        with transaction() as session:
            for job_id in session.scalars(sa.select(Job.id).where(Job.run_id == run_id)):
                end_job(session, Lease(job_id=job_id, token=job_id, attempt=1), JobState.SUCCEEDED)
            assert finish_run(session, run_id)
            bare = replace(report, run_id=run_id, comparisons=report.comparisons, fingerprints=())
            assert save_report(session, bare)

    def post(self) -> None:
        """Post now, whatever was put off."""
        with transaction() as session:
            session.execute(sa.update(Pull).values(next_try_at=sa.func.now()))
        post_pull(PULL)

    def row(self) -> Pull:
        """Return the pull request's row as it is."""
        with transaction() as session:
            found = session.get_one(Pull, PULL)
            session.expunge(found)
            return found

    def wait_s(self) -> float:
        """Return for how many seconds the next try was put off."""
        with transaction() as session:
            wait = session.scalar(sa.select(sa.func.extract("epoch", Pull.next_try_at - sa.func.now())))
        assert wait is not None
        return float(wait)

    def verdict(self, run_id: str) -> str:
        """Return the verdict that the database holds."""
        with transaction() as session:
            return latest_report(session, run_id).verdict.value

    def comments(self) -> list[str]:
        """Return the texts of the pull request's comments."""
        return [one["body"] for one in self.github.comments_on(REPOSITORY, NUMBER)]

    def checks(self, head_sha: str = HEAD) -> list[tuple[str, str | None]]:
        """Return status and conclusion of a head's check runs."""
        return [(one["status"], one["conclusion"]) for one in self.github.checks_of(head_sha)]


@contextmanager
def pull_world(github: StandIn, key: Path, url: str) -> Iterator[PullWorld]:
    """Set the App up and let the database know a pull request. url: GitHub's, or of what stands before it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLUMBLINE_GITHUB_APP_ID", APP_ID)
        patch.setenv("PLUMBLINE_GITHUB_PRIVATE_KEY_PATH", str(key))
        patch.setenv("PLUMBLINE_GITHUB_API_URL", url)
        patch.setenv("PLUMBLINE_PUBLIC_URL", "https://plumbline.example.org")
        settings.cache_clear()
        with transaction() as session:
            session.add(
                Pull(
                    id=PULL,
                    installation_id=99,
                    repository=REPOSITORY,
                    number=NUMBER,
                    head_sha=HEAD,
                    is_fork=False,
                    state="open",
                )
            )
        yield PullWorld(github=github)
    settings.cache_clear()


def write_key(folder: Path) -> Path:
    """Write an App's private key as GitHub hands it out, and return its path."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.TraditionalOpenSSL
    path = folder / "key.pem"
    path.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    return path
