"""Sign-ins of browsers: a random secret in a cookie stands for a token for some days, and is kept as a hash."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from db.tables import BrowserSession, Token
from db.tokens import TokenInfo, token_info

LASTS = timedelta(days=7)


def open_browser_session(session: Session, token_id: str) -> str:
    """Begin a sign-in with a token and return its secret; those that have ended are forgotten."""
    session.execute(delete(BrowserSession).where(BrowserSession.expires_at < func.now()))
    secret = secrets.token_urlsafe(32)
    ends = session.scalar(select(func.now() + LASTS))
    session.add(BrowserSession(secret_sha256=_hash(secret), token_id=token_id, expires_at=ends))
    return secret


def browser_token(session: Session, secret: str) -> TokenInfo | None:
    """Return the token behind a sign-in; None when it has ended, or the token was revoked."""
    query = (
        select(Token)
        .join(BrowserSession, BrowserSession.token_id == Token.id)
        .where(BrowserSession.secret_sha256 == _hash(secret), BrowserSession.expires_at > func.now())
        .where(Token.revoked_at.is_(None))
    )
    row = session.scalar(query)
    return None if row is None else token_info(row)


def close_browser_session(session: Session, secret: str) -> None:
    """End a sign-in; one that is unknown has ended already."""
    session.execute(delete(BrowserSession).where(BrowserSession.secret_sha256 == _hash(secret)))


def form_key(secret: str) -> str:
    """Return what a page's forms must send back: no other site knows it, and it tells nothing of the secret."""
    return hmac.new(secret.encode(), b"form", hashlib.sha256).hexdigest()


def is_form_key(secret: str, key: str) -> bool:
    """Tell in constant time whether a form's key belongs to a sign-in."""
    return hmac.compare_digest(form_key(secret).encode(), key.encode())


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
