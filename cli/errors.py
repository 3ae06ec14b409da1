"""Errors as the terminal shows them: the message, the remedy, and an exit status; never a traceback."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import NoReturn, ParamSpec, TypeVar

import typer
from rich.console import Console

from cli.text import visible
from evals.errors import PlumblineError

P = ParamSpec("P")
T = TypeVar("T")

ERROR_STATUS = 2
INTERRUPTED_STATUS = 130


class ServerUnreachableError(PlumblineError):
    """No Plumbline answers at the address."""

    code = "server_unreachable"


class ServerRefusedError(PlumblineError):
    """The service answered with a problem document."""

    code = "server_refused"


def readable(command: Callable[P, T]) -> Callable[P, T]:
    """Make a command end with a message and a remedy where it would show a traceback."""

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return command(*args, **kwargs)
        except PlumblineError as error:
            fail(error)
        except BrokenPipeError:
            sys.stderr.close()  # the reader, such as `head`, has enough
            raise typer.Exit(0) from None

    return wrapped


def fail(error: PlumblineError) -> NoReturn:
    """Print an error on standard error and end the command."""
    console = Console(stderr=True, highlight=False)
    console.print("[bold red]error:[/]", end=" ")
    console.print(visible(error.message), markup=False, soft_wrap=True)
    for item in error.details.get("errors") or ():
        if item.get("message") not in error.message:
            console.print(visible(f"  {item.get('field')}: {item.get('message')}"), markup=False, soft_wrap=True)
    if error.remedy:
        console.print("[bold]remedy:[/]", end=" ")
        console.print(visible(error.remedy), markup=False, soft_wrap=True)
    raise typer.Exit(ERROR_STATUS)
