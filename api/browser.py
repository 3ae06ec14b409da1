"""Browsers: the cookie that stands for a token, and the proof that a form came from one of our own pages."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import Request, Response

from api.problems import HttpError
from db.browser_sessions import LASTS, form_key, is_form_key
from db.settings import settings

COOKIE = "plumbline_session"
FORM_KEY_HEADER = "X-Form-Key"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_MOST_COOKIE = 200


class SignInNeededError(HttpError):
    """A page is for people who have signed in; the handler leads a browser to where that is done."""

    def __init__(self) -> None:
        super().__init__("unauthenticated", "this page needs a sign-in", remedy="sign in with a token at /sign-in")


def secret_of(request: Request) -> str | None:
    """Return the secret in a request's cookie, if it has one of a possible length."""
    secret = request.cookies.get(COOKIE)
    return secret if secret and len(secret) <= _MOST_COOKIE else None


def set_cookie(response: Response, secret: str) -> None:
    """Hand a browser its sign-in; no script can read it, and other sites' requests do not carry it."""
    secure = (settings().public_url or "").startswith("https://")
    response.set_cookie(
        COOKIE, secret, max_age=int(LASTS.total_seconds()), httponly=True, secure=secure, samesite="lax", path="/"
    )


def forget_cookie(response: Response) -> None:
    """Let a browser forget its sign-in."""
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax")


def require_form_key(request: Request, secret: str, sent: str | None) -> None:
    """Refuse what a browser was made to send by a page that is none of ours.

    sent: the key in the form; scripts send it in a header instead.
    """
    require_same_site(request)
    key = sent if sent is not None else request.headers.get(FORM_KEY_HEADER)
    if key is None or not is_form_key(secret, key):
        raise HttpError("forbidden", "this form is not from a page of this sign-in", remedy="load the page again")


def require_same_site(request: Request) -> None:
    """Refuse a request of which the browser itself says that another site sent it."""
    origin = request.headers.get("origin")
    foreign = origin is not None and origin.partition("://")[2] != request.headers.get("host", "")
    if foreign or request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise HttpError("forbidden", "another site sent this request", remedy="use the service's own pages")


def key_for_forms(request: Request) -> str | None:
    """Return what the forms of a page must carry; None for whoever has no cookie."""
    secret = secret_of(request)
    return form_key(secret) if secret else None


def sign_in_address(path: str) -> str:
    """Return where to sign in and come back from."""
    return f"/sign-in?next={quote(local_path(path), safe='')}"


def local_path(path: str) -> str:
    """Return an address within this service; its first page for any other, so that no link leads elsewhere."""
    inside = path.startswith("/") and not path.startswith(("//", "/\\"))
    return path if inside and path.isprintable() else "/"
