"""Read the command line."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from .errors import BadArgumentError

DTYPES = ("auto", "float32", "bfloat16", "float16")
BATCHING = ("auto", "continuous", "stepwise")


@dataclass(frozen=True, kw_only=True)
class Arguments:
    """Everything the server is started with."""

    model_path: str
    host: str = "127.0.0.1"
    port: int = 30000
    dtype: str = "auto"
    device: str = "cpu"
    batching: str = "auto"
    max_batch_size: int = 16
    threads: int | None = None
    context_length: int | None = None
    attn_implementation: str | None = None
    chat_template: str | None = None
    served_model_name: str | None = None
    revision: str | None = None
    trust_remote_code: bool = False
    config_overrides: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The model's name in answers."""
        return self.served_model_name or self.model_path


class Parser(argparse.ArgumentParser):
    """Report a wrong argument as a start-up error."""

    def error(self, message: str) -> NoReturn:
        """Raise instead of printing the usage and leaving."""
        raise BadArgumentError(f"{message}; `python -m hf_server --help` lists the arguments")


def build_parser() -> Parser:
    """Declare the arguments, named as SGLang names them."""
    parser = Parser(prog="hf_server", description=__doc__, allow_abbrev=False)
    parser.add_argument("--model-path", required=True, help="folder with the model, or its name on the hub")
    parser.add_argument("--served-model-name", help="name in answers (default: the path)")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=30000)
    parser.add_argument("--device", default="cpu", help="cpu, cuda or cuda:N")
    parser.add_argument("--dtype", default="auto", choices=DTYPES)
    parser.add_argument("--max-batch-size", type=int, default=16, help="requests decoded together")
    parser.add_argument("--batching", default="auto", choices=BATCHING)
    parser.add_argument("--threads", type=int, help="threads of a CPU model (default: torch's choice)")
    parser.add_argument("--context-length", type=int, help="longest prompt plus answer, in tokens")
    parser.add_argument("--attn-implementation", help="transformers' attn_implementation, for instance sdpa or eager")
    parser.add_argument("--chat-template", help="file with a Jinja chat template in place of the model's own")
    parser.add_argument("--revision", help="branch, tag or commit of a model on the hub")
    parser.add_argument("--trust-remote-code", action="store_true")
    parser.add_argument("--json-model-override-args", default="{}", help="JSON object over config.json")
    return parser


def parse_arguments(argv: Sequence[str]) -> Arguments:
    """Return the arguments, checked; raise BadArgumentError with what to change."""
    values = vars(build_parser().parse_args(argv))
    overrides = read_overrides(values.pop("json_model_override_args"))
    arguments = Arguments(**values, config_overrides=overrides)
    if arguments.max_batch_size < 1:
        raise BadArgumentError("--max-batch-size must be at least 1")
    if arguments.context_length is not None and arguments.context_length < 2:
        raise BadArgumentError("--context-length must be at least 2")
    if arguments.chat_template is not None and not Path(arguments.chat_template).is_file():
        raise BadArgumentError(f"--chat-template names no file: {arguments.chat_template}")
    if not (arguments.device == "cpu" or arguments.device.split(":")[0] == "cuda"):
        raise BadArgumentError(f"--device must be cpu, cuda or cuda:N, not {arguments.device}")
    return arguments


def read_overrides(text: str) -> dict[str, Any]:
    """Parse the JSON object that changes the model's configuration."""
    try:
        overrides = json.loads(text)
    except json.JSONDecodeError as error:
        raise BadArgumentError(f"--json-model-override-args is not JSON: {error}") from error
    if not isinstance(overrides, dict):
        raise BadArgumentError("--json-model-override-args must be a JSON object")
    return overrides
