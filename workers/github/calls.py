"""What may go wrong in a call of GitHub's API, in two kinds: come back later, and no."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from githubkit.cache import MemCacheStrategy
from githubkit.exception import (
    AuthCredentialError,
    GitHubException,
    GraphQLFailed,
    RateLimitExceeded,
    RequestError,
    RequestFailed,
)
from githubkit.typing import RetryOption

from evals.errors import PlumblineError
from evals.formatting import one_line

TOKENS = MemCacheStrategy()
"""The installations' tokens of this process, for as long as they hold or until GitHub refuses one."""

_RATE_LIMIT = re.compile(r"rate limit|abuse detection", re.IGNORECASE)
_UNKNOWN_WAIT_S = 60.0
"""GitHub's advice for a rate limit whose headers do not say how long."""


class GitHubAwayError(PlumblineError):
    """GitHub does not answer now, or wants to be left alone for a while; `retry_after_s` when it says for how long."""

    code = "github_away"
    retryable = True

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message, remedy="nothing is lost, it is tried again", retry_after_s=retry_after_s)
        self.retry_after_s = retry_after_s


class GitHubRefusedError(PlumblineError):
    """GitHub does not do what was asked of it; `status` is HTTP's, 0 where there was no answer to a request."""

    code = "github_refused"

    def __init__(self, message: str, *, status: int) -> None:
        remedy = "see the App's permissions and where it is installed; docs/github.md lists what it needs"
        super().__init__(message, remedy=remedy, status=status)
        self.status = status


@contextmanager
def calling(what: str) -> Iterator[None]:
    """Turn whatever a call of GitHub's API fails with into one of our two errors; no header goes along."""
    try:
        yield
    except GitHubException as error:
        raise _ours(error, what) from None
    except ValueError as error:
        # An answer in another form, or a Retry-After that is no number.
        raise GitHubAwayError(f"GitHub's answer to {what!r} is not understood ({type(error).__name__})") from None


def once_again(error: GitHubException, tries: int) -> RetryOption:
    """Tell githubkit to repeat a read once when the server failed; a write is repeated by whoever knows what it did."""
    failed = error if isinstance(error, RequestFailed) else None
    again = failed is not None and failed.request.method == "GET" and failed.response.status_code >= 500
    return RetryOption(again and tries == 0, timedelta(seconds=0.5))


def _ours(error: GitHubException, what: str) -> PlumblineError:
    # What fails inside the authentication arrives wrapped.
    inner = error.exc if isinstance(error, RequestError) and not isinstance(error, RequestFailed) else error
    if isinstance(inner, RateLimitExceeded):
        seconds = inner.retry_after.total_seconds()
        return GitHubAwayError(f"GitHub's rate limit stops {what!r}", retry_after_s=seconds)
    if isinstance(inner, RequestFailed):
        return _of_status(inner, what)
    if isinstance(inner, GraphQLFailed):
        said = "; ".join(one.message for one in inner.response.errors or ())
        return GitHubRefusedError(f"GitHub refuses {what!r}: {one_line(said, 200)}", status=200)
    if isinstance(inner, AuthCredentialError):
        return GitHubRefusedError(f"the App's credentials do not allow {what!r}", status=0)
    return GitHubAwayError(f"GitHub does not answer {what!r} ({type(inner).__name__})")


def _of_status(error: RequestFailed, what: str) -> PlumblineError:
    status, said = error.response.status_code, one_line(_message(error), 200)
    if status == 429 or (status == 403 and _RATE_LIMIT.search(said)):
        return GitHubAwayError(f"GitHub's rate limit stops {what!r}", retry_after_s=_UNKNOWN_WAIT_S)
    if status >= 500:
        after = error.response.headers.get("retry-after", "")
        seconds = float(after) if after.isdecimal() else None
        return GitHubAwayError(f"GitHub answers {what!r} with {status}", retry_after_s=seconds)
    if status == 401:
        TOKENS.cleanup()
    return GitHubRefusedError(f"GitHub refuses {what!r} with {status}: {said or 'no reason given'}", status=status)


def _message(error: RequestFailed) -> str:
    try:
        found = error.response.json()
    except ValueError:
        return ""
    return str(found.get("message", "")) if isinstance(found, dict) else ""
