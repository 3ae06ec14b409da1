"""Who is asking, and may they: bearer tokens with one of four roles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.problems import HttpError
from db.session import transaction
from db.settings import settings
from db.tokens import TokenInfo, TokenRole, find_token, touch_token

_REMEDY = (
    "send the header `Authorization: Bearer plb_...`; `plumbline tokens create --name NAME --role ROLE` makes a token, "
    "and `plumbline up` leaves one for this machine in the file `token` of its home folder"
)
_bearer = HTTPBearer(auto_error=False, description="A token made by `plumbline tokens create`.")
Credentials = Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]


def identify(credentials: Credentials) -> TokenInfo:
    """Return the token that a request carries; refuse the request when there is none that lives."""
    if credentials is None:
        raise HttpError("unauthenticated", "this address needs a token", remedy=_REMEDY)
    with transaction() as session:
        token = find_token(session, credentials.credentials)
        if token is None:
            raise HttpError("unauthenticated", "the token is unknown or was revoked", remedy=_REMEDY)
        touch_token(session, token.id)
    return token


def require(role: TokenRole) -> Callable[[TokenInfo], TokenInfo]:
    """Return the dependency that lets a request pass whose token has at least this role."""

    def allowed(token: Annotated[TokenInfo, Depends(identify)]) -> TokenInfo:
        _check(token, role)
        return token

    return allowed


def page_reader(credentials: Credentials) -> None:
    """Let a page be read: by everybody when the operator says so, else by bearers of a token."""
    if not settings().public_read:
        _check(identify(credentials), TokenRole.VIEWER)


def _check(token: TokenInfo, role: TokenRole) -> None:
    if not token.role.allows(role):
        raise HttpError(
            "forbidden",
            f"the token {token.name!r} has the role {token.role.value}; this needs {role.value}",
            remedy=f"ask for a token with the role {role.value}",
        )


Viewer = Annotated[TokenInfo, Depends(require(TokenRole.VIEWER))]
Maintainer = Annotated[TokenInfo, Depends(require(TokenRole.MAINTAINER))]
Submitter = Annotated[TokenInfo, Depends(require(TokenRole.SUBMITTER))]
