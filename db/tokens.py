"""API tokens: made once, shown once, kept as a hash."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from db.ids import new_id
from db.settings import Settings
from db.tables import Token
from evals.errors import PlumblineError

_PREFIX = "plb"
_TOUCHED_EACH = timedelta(minutes=1)


class TokenRole(StrEnum):
    """What the bearer of a token may do; each role may do all that the ones before it may."""

    VIEWER = "viewer"
    SUBMITTER = "submitter"
    MAINTAINER = "maintainer"
    ADMIN = "admin"

    def allows(self, needed: TokenRole) -> bool:
        """Tell whether this role may do what `needed` may."""
        order = list(TokenRole)
        return order.index(self) >= order.index(needed)


class UnknownTokenError(PlumblineError):
    """No token has this name or id."""

    code = "unknown_token"


@dataclass(frozen=True, kw_only=True)
class TokenInfo:
    """Describe a token without its secret."""

    id: str
    name: str
    role: TokenRole
    created_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None


def create_token(session: Session, *, name: str, role: TokenRole) -> tuple[TokenInfo, str]:
    """Make a token and return it with its full text, which nobody can read again."""
    secret = secrets.token_urlsafe(32)
    row = Token(id=new_id("t"), name=name, role=role, secret_sha256=_hash(secret))
    session.add(row)
    session.flush()
    session.refresh(row)
    return token_info(row), f"{_PREFIX}_{row.id}_{secret}"


def find_token(session: Session, text: str) -> TokenInfo | None:
    """Return the living token whose text this is, or None; the comparison takes constant time."""
    prefix, _, rest = text.partition("_")
    token_id, _, secret = rest.partition("_")
    row = session.get(Token, token_id) if prefix == _PREFIX and token_id.isalnum() else None
    expected = row.secret_sha256 if row else _hash("")
    if not hmac.compare_digest(expected, _hash(secret)) or row is None or row.revoked_at is not None:
        return None
    return token_info(row)


def touch_token(session: Session, token: TokenInfo) -> None:
    """Note that a token was used; at most one write a minute, and no question before that."""
    if token.last_used_at is not None and abs(datetime.now(UTC) - token.last_used_at) < _TOUCHED_EACH:
        return
    stale = (Token.last_used_at.is_(None)) | (Token.last_used_at < func.now() - _TOUCHED_EACH)
    session.execute(update(Token).where(Token.id == token.id, stale).values(last_used_at=func.now()))


def list_tokens(session: Session) -> list[TokenInfo]:
    """Return all tokens, oldest first."""
    return [token_info(row) for row in session.scalars(select(Token).order_by(Token.id))]


def revoke_token(session: Session, token_id: str) -> TokenInfo:
    """End a token's life; raise UnknownTokenError when there is none of that id."""
    row = session.get(Token, token_id)
    if row is None:
        raise UnknownTokenError(f"no token has the id {token_id!r}", remedy="see `plumbline tokens list`")
    if row.revoked_at is None:
        row.revoked_at = session.scalar(select(func.now()))
    return token_info(row)


def ensure_local_token(session: Session, settings: Settings) -> None:
    """Leave an admin token for this machine's command line in `home/token`, readable by its owner alone."""
    path = settings.home / "token"
    if path.exists() and find_token(session, path.read_text().strip()) is not None:
        return
    _, text = create_token(session, name="local command line", role=TokenRole.ADMIN)
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(text + "\n")


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def token_info(row: Token) -> TokenInfo:
    """Turn a row into what may be shown of it."""
    return TokenInfo(
        id=row.id,
        name=row.name,
        role=TokenRole(row.role),
        created_at=row.created_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
    )
