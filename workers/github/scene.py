"""A pull request as GitHub describes it now, with what the bot has to ask for about it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from db.github_pulls import PullState
from db.settings import Settings
from evals.errors import InvalidSubmissionError
from workers.github.building import Code, needs_base, submission_for
from workers.github.permissions import Person, is_listed
from workers.github.repository_file import MOST_BYTES, NAME, RepositoryFile, read_repository_file

if TYPE_CHECKING:
    from evals.spec import Submission
    from workers.github.client import GitHub, PullRequest
    from workers.github.wanted import Wanted


@dataclass(frozen=True)
class Scene:
    """Hold a pull request as it was read; everything that is made of it is bound to the head of this reading."""

    github: GitHub
    settings: Settings
    installation_id: int
    repository: str
    number: int
    now: PullRequest

    @property
    def owner_and_name(self) -> tuple[str, str]:
        """Return the two parts of the repository's name."""
        owner, _, name = self.repository.partition("/")
        return owner, name

    @property
    def pull_state(self) -> PullState:
        """Return what is kept of it."""
        return PullState(
            installation_id=self.installation_id,
            repository=self.repository,
            number=self.number,
            head_sha=self.now.head_sha,
            is_fork=self.now.is_fork,
            state=self.now.state,
        )

    @cached_property
    def file(self) -> RepositoryFile | None:
        """Return the repository's settings on the base branch, None without any; raise InvalidSubmissionError."""
        content = self.github.file(*self.owner_and_name, NAME, self.now.base_sha, MOST_BYTES)
        return None if content is None else read_repository_file(content)

    @cached_property
    def merge_base(self) -> str:
        """Return the commit from which the pull request parted."""
        return self.github.merge_base(*self.owner_and_name, self.now.base_sha, self.now.head_sha)

    def person(self, login: str) -> Person:
        """Return somebody with his permission; the repository's settings are asked only where that is not enough."""
        person = Person(login=login, permission=self.github.permission(*self.owner_and_name, login))
        if person.may_ask(self.settings):
            return person
        try:
            named = self.file is not None and is_listed(login, self.file.may_ask)
        except InvalidSubmissionError:
            named = False
        return Person(login=login, permission=person.permission, named=named)

    def submission(self, wanted: Wanted, comment_id: int | None = None) -> Submission:
        """Return what evaluates this head as wanted; raise InvalidSubmissionError or PolicyError."""
        code = Code(
            repository=self.repository,
            number=self.number,
            head=self.now.head_sha,
            base=self.merge_base if needs_base(wanted) else None,
            comment_id=comment_id,
        )
        return submission_for(wanted, code, self.settings)


def scene_of(installation_id: int, repository: str, number: int, settings: Settings) -> Scene:
    """Ask GitHub for a pull request; raise GitHubAwayError or GitHubRefusedError."""
    from workers.github.client import installation

    github = installation(installation_id)
    owner, _, name = repository.partition("/")
    now = github.pull_request(owner, name, number)
    return Scene(github, settings, installation_id, repository, number, now)
