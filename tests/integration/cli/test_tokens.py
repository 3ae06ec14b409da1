"""Tokens are made, listed and revoked from the command line."""

from typer.testing import CliRunner

from cli.main import app
from db.session import transaction
from db.tokens import TokenRole, find_token


def test_a_token_is_made_listed_without_its_secret_and_revoked(database: str) -> None:
    runner = CliRunner()
    text = runner.invoke(app, ["tokens", "create", "--name", "ci [x]", "--role", "submitter"]).stdout.strip()
    with transaction() as session:
        token = find_token(session, text)
    assert token is not None
    assert (token.name, token.role) == ("ci [x]", TokenRole.SUBMITTER)
    listed = runner.invoke(app, ["tokens", "list"]).output
    assert token.id in listed
    assert "ci [x]" in listed
    assert text.rpartition("_")[2] not in listed
    assert runner.invoke(app, ["tokens", "revoke", token.id]).exit_code == 0
    with transaction() as session:
        assert find_token(session, text) is None
    unknown = runner.invoke(app, ["tokens", "revoke", "t0"])
    assert unknown.exit_code == 2
    assert "plumbline tokens list" in unknown.output


def test_tokens_without_a_database_say_what_to_start(home: object) -> None:
    result = CliRunner().invoke(app, ["tokens", "list"])
    assert result.exit_code == 2
    assert "plumbline up" in result.output
