"""Name everything that can go wrong: errors that end a request, and errors that end the start-up."""

from __future__ import annotations


class RequestError(Exception):
    """A request that cannot be answered; carries the HTTP status and OpenAI's error type."""

    status = 500
    kind = "internal_error"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class BadRequestError(RequestError):
    """The request is wrong; sending it again cannot help."""

    status = 400
    kind = "invalid_request_error"


class NotReadyError(RequestError):
    """The model is still loading; ask again once `/health` answers 200."""

    status = 503
    kind = "service_unavailable"


class GenerationFailedError(RequestError):
    """The model failed on this request, for instance for lack of memory; the server goes on."""


class StartupError(Exception):
    """The server cannot start; its name and message are the last line on standard error."""

    @property
    def name(self) -> str:
        """The class's name without its ending, as the last line has it."""
        return type(self).__name__.removesuffix("Error")


class BadArgumentError(StartupError):
    """An argument on the command line is wrong."""


class PortInUseError(StartupError):
    """Another process listens on the requested port."""


class ModelNotFoundError(StartupError):
    """The model folder has no configuration, weights or tokenizer."""


class UnsupportedArchitectureError(StartupError):
    """The installed transformers has no class for this model."""


class OutOfMemoryError(StartupError):
    """The model does not fit on the device."""


class ModelLoadFailedError(StartupError):
    """Loading or warming up the model failed for another reason."""


def error_body(error: RequestError) -> dict[str, dict[str, str | int]]:
    """Return OpenAI's error body."""
    return {"error": {"message": error.message, "type": error.kind, "code": error.status}}


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an exception means that the device or the host has no memory left."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    text = str(error)
    return isinstance(error, RuntimeError) and ("out of memory" in text or "can't allocate memory" in text)
