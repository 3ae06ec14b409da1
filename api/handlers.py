"""Which exception becomes which problem document."""

from __future__ import annotations

import logging
import secrets

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from sqlalchemy.exc import InterfaceError, OperationalError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import problems
from api.browser import SignInNeededError, sign_in_address
from evals.errors import PlumblineError

log = logging.getLogger(__name__)


def add_handlers(app: FastAPI) -> None:
    """Answer every known exception with a problem document."""
    app.add_exception_handler(PlumblineError, _known)
    app.add_exception_handler(SignInNeededError, _stranger)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(OperationalError, _no_database)
    app.add_exception_handler(InterfaceError, _no_database)


async def _known(request: Request, error: Exception) -> Response:
    assert isinstance(error, PlumblineError)
    problem = problems.of_error(error)
    if problem.status == 500:
        return problems.respond(request, unexpected(error))
    return problems.respond(request, problem)


async def _stranger(request: Request, error: Exception) -> Response:
    """Lead whoever looks with a browser to the sign-in, and back."""
    if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(sign_in_address(request.url.path + query), 303)
    return await _known(request, error)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return problems.respond(request, problems.of_validation(error))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return problems.respond(request, problems.of_http(request, error), error.headers)


async def _no_database(request: Request, error: Exception) -> Response:
    log.error("the database does not answer: %s", error)
    problem = problems.HttpError("not_ready", "the database does not answer", remedy="try again; see GET /readyz")
    return problems.respond(request, problems.of_error(problem), {"Retry-After": "5"})


def unexpected(error: Exception) -> problems.Problem:
    """Log an error that should not happen and return a problem that names the log's entry and nothing else."""
    error_id = secrets.token_hex(6)
    log.error("error %s: %s", error_id, error, exc_info=error)
    problem = problems.of_status(500, "Plumbline failed; the request may have had an effect")
    remedy = f"try again; if it stays, tell the operator to look for {error_id} in the log of the API"
    return problem.model_copy(update={"code": "internal", "error_id": error_id, "remedy": remedy})


class UnexpectedErrors:
    """Answer what no handler knows with a 500 that tells nothing of the inside."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application; once an answer has begun, all that is left is to break the connection."""
        begun = False

        async def watch(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watch)
        except Exception as error:
            if begun or scope["type"] != "http":
                raise
            await problems.respond(Request(scope), unexpected(error))(scope, receive, send)
