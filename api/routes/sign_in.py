"""Signing in with a token, and out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from api.auth import bearer_of
from api.browser import forget_cookie, local_path, require_form_key, require_same_site, secret_of, set_cookie
from api.problems import HttpError
from dashboard.render import sign_in_page
from db.browser_sessions import close_browser_session, open_browser_session
from db.session import transaction

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_Path = Annotated[str, Query(alias="next", max_length=2000)]
_FormPath = Annotated[str, Form(alias="next", max_length=2000)]


@router.get("/sign-in")
def ask(path: _Path = "/") -> str:
    """Ask for a token."""
    return sign_in_page(path=local_path(path))


@router.post("/sign-in")
def sign_in(request: Request, token: Annotated[str, Form(max_length=500)], path: _FormPath = "/") -> Response:
    """Take a token for a cookie and go on to the page that was asked for."""
    require_same_site(request)
    try:
        found = bearer_of(token.strip())
    except HttpError as error:
        return HTMLResponse(sign_in_page(path=local_path(path), trouble=error.message), 401)
    with transaction() as session:
        secret = open_browser_session(session, found.id)
    response = RedirectResponse(local_path(path), 303)
    set_cookie(response, secret)
    return response


@router.post("/sign-out")
def sign_out(request: Request, form_key: Annotated[str, Form(max_length=200)] = "") -> Response:
    """End the sign-in."""
    secret = secret_of(request)
    if secret is not None:
        require_form_key(request, secret, form_key)
        with transaction() as session:
            close_browser_session(session, secret)
    response = RedirectResponse("/sign-in", 303)
    forget_cookie(response)
    return response
