"""Who is asking, and may they: bearer tokens with one of four roles, or a browser that signed in with one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Form, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.browser import SAFE_METHODS, SignInNeededError, key_for_forms, require_form_key, secret_of
from api.problems import HttpError
from dashboard.render import Who
from db.browser_sessions import browser_token
from db.session import transaction
from db.settings import settings
from db.tokens import TokenInfo, TokenRole, find_token, touch_token

_REMEDY = (
    "send the header `Authorization: Bearer plb_...`; `plumbline tokens create --name NAME --role ROLE` makes a token, "
    "and `plumbline up` leaves one for this machine in the file `token` of its home folder"
)
_bearer = HTTPBearer(auto_error=False, description="A token made by `plumbline tokens create`.")
Credentials = Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]


def identify(request: Request, credentials: Credentials) -> TokenInfo:
    """Return the token that a request carries; refuse the request when there is none that lives."""
    if credentials is not None:
        return bearer_of(credentials.credentials)
    secret = secret_of(request)
    token = _signed_in(secret)
    if token is None or secret is None:
        raise HttpError("unauthenticated", "this address needs a token", remedy=_REMEDY)
    if request.method not in SAFE_METHODS:
        require_form_key(request, secret, None)
    return token


def bearer_of(text: str) -> TokenInfo:
    """Return the living token whose text this is; refuse any other text."""
    with transaction() as session:
        token = find_token(session, text)
        if token is None:
            raise HttpError("unauthenticated", "the token is unknown or was revoked", remedy=_REMEDY)
        touch_token(session, token)
    return token


def _signed_in(secret: str | None) -> TokenInfo | None:
    if secret is None:
        return None
    with transaction() as session:
        token = browser_token(session, secret)
        if token is not None:
            touch_token(session, token)
    return token


def require(role: TokenRole) -> Callable[[TokenInfo], TokenInfo]:
    """Return the dependency that lets a request pass whose token has at least this role."""

    def allowed(token: Annotated[TokenInfo, Depends(identify)]) -> TokenInfo:
        check_role(token, role)
        return token

    return allowed


def visitor(request: Request, credentials: Credentials) -> TokenInfo | None:
    """Return who looks at a page; None for a stranger, whom the operator lets read, or who is sent to sign in."""
    if credentials is not None:
        return bearer_of(credentials.credentials)
    token = _signed_in(secret_of(request))
    if token is None and not settings().public_read:
        raise SignInNeededError
    return token


def form_of(role: TokenRole) -> Callable[..., TokenInfo]:
    """Return the dependency that lets the form of a signed-in browser pass; it carries the page's `form_key`."""

    def allowed(request: Request, form_key: Annotated[str, Form(max_length=200)] = "") -> TokenInfo:
        secret = secret_of(request)
        token = _signed_in(secret)
        if token is None or secret is None:
            raise SignInNeededError
        require_form_key(request, secret, form_key)
        check_role(token, role)
        return token

    return allowed


def check_role(token: TokenInfo, role: TokenRole) -> None:
    """Refuse a token whose role is not enough."""
    if not token.role.allows(role):
        raise HttpError(
            "forbidden",
            f"the token {token.name!r} has the role {token.role.value}; this needs {role.value}",
            remedy=f"ask for a token with the role {role.value}",
        )


async def looking(request: Request, token: Annotated[TokenInfo | None, Depends(visitor)]) -> Who | None:
    """Return who looks at a page, as the page shows it; async, because it waits for nothing and needs no thread."""
    if token is None:
        return None
    return Who(name=token.name, role=token.role.value, form_key=key_for_forms(request))


Viewer = Annotated[TokenInfo, Depends(require(TokenRole.VIEWER))]
Maintainer = Annotated[TokenInfo, Depends(require(TokenRole.MAINTAINER))]
Submitter = Annotated[TokenInfo, Depends(require(TokenRole.SUBMITTER))]
Looking = Annotated[Who | None, Depends(looking)]
