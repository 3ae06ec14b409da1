"""Everything that can go wrong, each with its remedy and a word on whether trying again makes sense."""

from __future__ import annotations

from typing import Any, ClassVar


class PlumblineError(Exception):
    """Carry a message for a person, the remedy, and a stable code for programs.

    `details` holds JSON values only (log lines, a field name, an exit status); it is stored with the job.
    """

    code: ClassVar[str] = "error"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, remedy: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.details = details

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form that a job stores and an API answer carries."""
        return {
            "code": self.code,
            "message": self.message,
            "remedy": self.remedy,
            "retryable": self.retryable,
            "details": self.details,
        }


class InvalidSubmissionError(PlumblineError):
    """A field of a submission is wrong; `details["field"]` names it."""

    code = "invalid_submission"


class PolicyError(PlumblineError):
    """The operator's policy does not permit what was asked for."""

    code = "forbidden_by_policy"


class ModelNotFoundError(PlumblineError):
    """The model's folder or hub name does not lead to a model."""

    code = "model_not_found"


class ModelBrokenError(PlumblineError):
    """The model is there, but its config or weights cannot be loaded."""

    code = "model_broken"


class ArchitectureError(PlumblineError):
    """The engine has no implementation of the model's architecture."""

    code = "architecture_unsupported"


class EngineNotInstalledError(PlumblineError):
    """No environment for this engine and device exists on this host."""

    code = "engine_not_installed"


class EngineArgumentError(PlumblineError):
    """The engine refused one of its command-line arguments."""

    code = "engine_argument"


class OutOfMemoryError(PlumblineError):
    """The engine ran out of host or device memory."""

    code = "out_of_memory"


class PortTakenError(PlumblineError):
    """Another process took the engine's port between the choice and the start."""

    code = "port_taken"
    retryable = True


class StartTimeoutError(PlumblineError):
    """The engine did not become ready before its deadline."""

    code = "start_timeout"
    retryable = True


class EngineDiedError(PlumblineError):
    """The engine's process ended without a reason that its log explains."""

    code = "engine_died"
    retryable = True


class EngineUnreachableError(PlumblineError):
    """The engine does not answer, or broke the connection again and again."""

    code = "engine_unreachable"
    retryable = True


class RequestRefusedError(PlumblineError):
    """The engine answered a request with an error that a repetition will not mend."""

    code = "request_refused"


class DatasetError(PlumblineError):
    """A dataset is missing, damaged or not what its name promises."""

    code = "dataset"


class InstallError(PlumblineError):
    """An engine environment could not be built."""

    code = "install_failed"


class CodeFetchError(PlumblineError):
    """Submitted code could not be fetched now: the network, or the other side's server."""

    code = "code_fetch"
    retryable = True


class ResourceError(PlumblineError):
    """This host can never provide what the job asks for, however long it waits."""

    code = "resources"


class CancelledError(PlumblineError):
    """A person or a policy cancelled the job."""

    code = "cancelled"


class LeaseLostError(PlumblineError):
    """Another worker owns the job now; this one must stop and write nothing more."""

    code = "lease_lost"


class InternalError(PlumblineError):
    """Plumbline itself failed; the details hold the traceback."""

    code = "internal"
    retryable = True
