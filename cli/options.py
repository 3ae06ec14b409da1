"""Options that many commands take, and what their texts mean."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_type_hints

import typer

from cli.client import Client, is_local, read_token, server_url
from evals.argument_texts import engine_arguments as engine_arguments
from evals.errors import ModelNotFoundError

R = TypeVar("R")

Server = Annotated[
    str | None,
    typer.Option("--server", envvar="PLUMBLINE_URL", help="Address of the service.", show_default="the local one"),
]
RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="A run's id.")]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def client_of(server: str | None) -> Client:
    """Return a client with the token of PLUMBLINE_TOKEN, or with this machine's for this machine's service.

    The local admin token is never shown to another machine.
    """
    url = server_url(server)
    given = os.environ.get("PLUMBLINE_TOKEN")
    return Client(url, read_token(given) if given or is_local(url) else None)


def model_path(text: str, *, local: bool) -> str:
    """Return a local folder as an absolute path and anything else as it is.

    Raises ModelNotFoundError for a path that is not there, when the service runs on this machine.
    """
    path = Path(text).expanduser()
    if path.exists():
        return str(path.resolve())
    if not text.startswith(("/", ".", "~")):
        return text
    if local:
        raise ModelNotFoundError(f"there is no folder {text}", remedy="name a folder with a model, or a hub name")
    return str(path.absolute())


def with_options_of(
    command: Callable[..., Any], *, leaving_out: Collection[str]
) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Give a command that takes `**options` the options of another one; its own stand before them."""

    def extend(function: Callable[..., R]) -> Callable[..., R]:
        own = [one for one in signature(function).parameters.values() if one.kind is not Parameter.VAR_KEYWORD]
        taken = {one.name for one in own} | set(leaving_out)
        others = [one for name, one in signature(command).parameters.items() if name not in taken]
        hints = get_type_hints(command, include_extras=True) | get_type_hints(function, include_extras=True)
        parameters = [one.replace(annotation=hints[one.name], kind=Parameter.KEYWORD_ONLY) for one in (*own, *others)]
        function.__annotations__ = {one.name: one.annotation for one in parameters}
        function.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
        return function

    return extend
