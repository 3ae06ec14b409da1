"""Tokens on a real Postgres."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from db.session import transaction
from db.settings import settings
from db.tokens import TokenRole, UnknownTokenError, create_token, ensure_local_token, find_token, revoke_token

pytestmark = pytest.mark.usefixtures("database")


def test_a_token_is_found_by_its_text_and_by_nothing_else() -> None:
    with transaction() as session:
        info, secret = create_token(session, name="ci", role=TokenRole.SUBMITTER)
    with transaction() as session:
        assert find_token(session, secret) == info
        for wrong in (secret[:-1], secret + "x", "plb_" + info.id + "_", "", "plb", secret.upper(), "x" + secret):
            assert find_token(session, wrong) is None


def test_the_database_never_holds_the_secret() -> None:
    with transaction() as session:
        _, secret = create_token(session, name="ci", role=TokenRole.ADMIN)
        rows = session.execute(text("SELECT * FROM tokens")).all()
    assert secret.split("_", 2)[2] not in repr(rows)


def test_a_revoked_token_opens_nothing() -> None:
    with transaction() as session:
        info, secret = create_token(session, name="ci", role=TokenRole.ADMIN)
        revoke_token(session, info.id)
    with transaction() as session:
        assert find_token(session, secret) is None


def test_revoking_a_token_nobody_has_says_so() -> None:
    with pytest.raises(UnknownTokenError), transaction() as session:
        revoke_token(session, "t-none")


def test_the_local_token_is_private_and_made_once(home: Path) -> None:
    for _ in range(2):
        with transaction() as session:
            ensure_local_token(session, settings())
    path = home / "token"
    assert path.stat().st_mode & 0o777 == 0o600
    with transaction() as session:
        info = find_token(session, path.read_text().strip())
        assert info is not None
        assert info.role is TokenRole.ADMIN
        assert session.scalar(text("SELECT count(*) FROM tokens")) == 1


def test_each_role_may_do_what_the_lower_ones_may() -> None:
    assert TokenRole.ADMIN.allows(TokenRole.VIEWER)
    assert not TokenRole.VIEWER.allows(TokenRole.SUBMITTER)
