"""What can go wrong with a harness that runs in an environment of its own."""

from __future__ import annotations

from evals.errors import PlumblineError


class HarnessNotInstalledError(PlumblineError):
    """No environment for this harness exists on this host."""

    code = "harness_not_installed"


class HarnessFailedError(PlumblineError):
    """The harness's process ended early or said something that makes no sense."""

    code = "harness_failed"
    retryable = True
