"""Bring a database to the tables of this code, and notice when the two part: `python -m db.migrate`."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, func, select

from db import tables_baselines, tables_github, tables_history  # noqa: F401 - their tables join the metadata
from db.addresses import database_url
from db.embedded_postgres import temporary_postgres
from db.session import engine_for
from db.settings import settings
from db.tables import Base
from evals.errors import PlumblineError

_FOLDER = Path(__file__).with_name("migrations")
_LOCK = 0x706C756D62  # "plumb": whoever migrates holds this advisory lock


class MigrationDriftError(PlumblineError):
    """The migrations do not lead to the tables that db/tables.py describes."""

    code = "migration_drift"


class NothingToMigrateError(PlumblineError):
    """A new migration would be empty."""

    code = "nothing_to_migrate"


def upgrade(url: str) -> None:
    """Run the missing migrations in one transaction; a second process waits and then finds nothing to do."""
    with engine_for(url).begin() as connection:
        _lock(connection)
        command.upgrade(_config(connection), "head")


def is_current(url: str) -> bool:
    """Tell whether the database has had every migration of this code."""
    with engine_for(url).connect() as connection:
        heads = MigrationContext.configure(connection).get_current_heads()
    return set(heads) == set(ScriptDirectory(str(_FOLDER)).get_heads())


def check_drift(url: str, metadata: MetaData = Base.metadata) -> None:
    """Raise MigrationDriftError when the migrated database at `url` differs from `metadata`."""
    with engine_for(url).connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        differences = [repr(difference) for difference in compare_metadata(context, metadata)]
    if differences:
        raise MigrationDriftError(
            f"db/tables.py and db/migrations differ in {len(differences)} place(s)",
            remedy='write the missing step with `make migration m="what changes"`',
            differences=differences,
        )


def write_migration(url: str, message: str) -> Path:
    """Write the step from the migrations to db/tables.py, as Alembic sees it, and return its file."""
    upgrade(url)
    try:
        check_drift(url)
    except MigrationDriftError:
        pass
    else:
        raise NothingToMigrateError("the migrations already lead to db/tables.py", remedy="change db/tables.py first")
    number = 1 + len(list(ScriptDirectory(str(_FOLDER)).walk_revisions()))
    with engine_for(url).begin() as connection:
        script: Any = command.revision(_config(connection), message, autogenerate=True, rev_id=f"{number:04d}")
    path = Path(script.path)
    path.write_text("".join(line for line in path.read_text().splitlines(True) if "# ###" not in line))
    for step in (["format"], ["check", "--fix"]):
        subprocess.run([sys.executable, "-m", "ruff", *step, "--quiet", str(path)], check=True)
    return path


def _config(connection: Connection) -> Config:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    return config


def _lock(connection: Connection) -> None:
    connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def main() -> int:
    """Upgrade the configured database, or check or write migrations on a throw-away Postgres."""
    parser = argparse.ArgumentParser(prog="python -m db.migrate", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("upgrade", help="run the missing migrations on the configured database")
    commands.add_parser("check", help="compare the migrations with db/tables.py")
    commands.add_parser("new", help="write the missing migration").add_argument("message")
    options = parser.parse_args()
    try:
        if options.command == "upgrade":
            upgrade(database_url(settings()))
            print("the database is current")
        else:
            _on_throw_away_postgres(options)
    except PlumblineError as error:
        print(error.message, *error.details.get("differences", []), error.remedy, sep="\n  ", file=sys.stderr)
        return 1
    return 0


def _on_throw_away_postgres(options: argparse.Namespace) -> None:
    with temporary_postgres() as url:
        try:
            if options.command == "new":
                print(f"wrote {write_migration(url, options.message)}; read it before you commit it")
            else:
                upgrade(url)
                check_drift(url)
                print("the migrations lead to the tables of db/tables.py")
        finally:
            engine_for(url).dispose()


if __name__ == "__main__":
    sys.exit(main())
