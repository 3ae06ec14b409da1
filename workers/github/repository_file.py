"""Read a repository's `.plumbline.yml`: which suites and models its pull requests are evaluated with, and when.

It is read from the base branch only, so that a pull request cannot change who judges it.
"""

from __future__ import annotations

from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, ValidationError

from evals.errors import InvalidSubmissionError

NAME = ".plumbline.yml"
MOST_BYTES = 65_536
_Text = Annotated[str, Field(min_length=1, max_length=200)]
_Value = Annotated[str, Field(max_length=4096)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Trigger(_Strict):
    """Say when a pull request is evaluated without being asked: when a label is put on it, or a path is touched."""

    labels: tuple[_Text, ...] = Field(default=(), max_length=50)
    paths: tuple[_Text, ...] = Field(default=(), max_length=50)


class Evaluation(_Strict):
    """Name one evaluation: a suite on a model, with the hardware it needs and where its margins differ.

    margins: workload to margin, as a share. baseline: hf, stored or merge-base. args: the engine's own arguments, as a
    submission gives them. limit: the first items of each dataset.
    """

    suite: _Text
    model: _Text
    revision: _Text | None = None
    baseline: Literal["hf", "stored", "merge-base"] = "hf"
    device: Literal["cpu", "cuda"] = "cuda"
    gpus: int | None = Field(default=None, ge=0, le=64)
    dtype: _Text | None = None
    limit: int | None = Field(default=None, ge=1, le=1_000_000)
    margins: dict[_Text, Annotated[float, Field(ge=0, le=1)]] = Field(default_factory=dict, max_length=50)
    args: dict[_Text, StrictBool | StrictInt | StrictFloat | _Value] = Field(default_factory=dict, max_length=100)
    when: Trigger = Trigger()


class RepositoryFile(_Strict):
    """Hold a repository's settings. may_ask: users who may give commands beside those with write permission."""

    version: Literal[1]
    evaluations: tuple[Evaluation, ...] = Field(min_length=1, max_length=20)
    may_ask: tuple[_Text, ...] = Field(default=(), max_length=200)

    def for_suite(self, suite: str | None) -> tuple[Evaluation, ...]:
        """Return the evaluations of a suite; all of them without one."""
        return tuple(one for one in self.evaluations if suite in (None, one.suite))


class _Loader(yaml.SafeLoader):
    """Load plain YAML without aliases, of which a few lines can become gigabytes."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.events.AliasEvent):
            raise yaml.YAMLError("aliases are not allowed")
        return super().compose_node(parent, index)


def read_repository_file(content: bytes) -> RepositoryFile:
    """Return the settings in a file's bytes; raise InvalidSubmissionError that says what is wrong, and where."""
    if len(content) > MOST_BYTES:
        raise _invalid(f"has {len(content):,} bytes; at most {MOST_BYTES:,} are read")
    try:
        found = yaml.load(content, Loader=_Loader)
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise _invalid(f"is no YAML that is read: {' '.join(str(error).split())[:200]}") from None
    if not isinstance(found, dict):
        raise _invalid("is no mapping")
    try:
        return RepositoryFile.model_validate(found)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])[:100]
        raise _invalid(f"is wrong at {place or 'its top'}: {first['msg'][:200]}") from None


def _invalid(what: str) -> InvalidSubmissionError:
    return InvalidSubmissionError(
        f"{NAME} on the base branch {what}", remedy="mend it on the base branch; docs/github.md shows an example"
    )
