"""`plumbline tokens`: make, list and revoke API tokens, directly in the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.orm import Session

from cli.errors import readable
from cli.text import cell
from db.addresses import ServiceAddressError
from db.session import transaction
from db.tokens import TokenRole, create_token, list_tokens, revoke_token

app = typer.Typer(help="Make, list and revoke API tokens.", no_args_is_help=True)


@app.command("create")
@readable
def create(
    name: Annotated[str, typer.Option(help="Whom or what the token is for.")],
    role: Annotated[TokenRole, typer.Option(help="What its bearer may do.")] = TokenRole.SUBMITTER,
) -> None:
    """Make a token and print it; nobody can read it again."""
    with _database() as session:
        _, text = create_token(session, name=name, role=role)
    print(text)
    Console(stderr=True, highlight=False).print("Keep it: it is shown only now. Clients read it from PLUMBLINE_TOKEN.")


@app.command("list")
@readable
def list_all() -> None:
    """List all tokens, without their secrets."""
    table = Table(box=None, pad_edge=False)
    for title in ("id", "name", "role", "created", "last used", "revoked"):
        table.add_column(title)
    with _database() as session:
        for token in list_tokens(session):
            times = (token.created_at, token.last_used_at, token.revoked_at)
            shown = [f"{time:%Y-%m-%d %H:%M}" if time else "–" for time in times]
            table.add_row(token.id, cell(token.name), token.role.value, *shown)
    Console().print(table)


@app.command("revoke")
@readable
def revoke(
    token_id: Annotated[str, typer.Argument(metavar="ID", help="A token's id, from `plumbline tokens list`.")],
) -> None:
    """End a token's life."""
    with _database() as session:
        token = revoke_token(session, token_id)
    print(f"The token {token.id} ({token.name}) is revoked")


@contextmanager
def _database() -> Iterator[Session]:
    try:
        with transaction() as session:
            yield session
    except (OperationalError, ProgrammingError) as error:
        raise ServiceAddressError(
            f"the database does not answer as it should: {str(error.orig).splitlines()[0]}",
            remedy="start `plumbline up`, or mend DATABASE_URL; `plumbline doctor` tells more",
        ) from None
