"""Check the sampling parameters of a request and turn them into a Sampling value."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .errors import BadRequestError
from .requests import Sampling

UNSUPPORTED = (
    "stop_regex",
    "json_schema",
    "regex",
    "ebnf",
    "structural_tag",
    "logit_bias",
    "custom_params",
    "beam_width",
    "watermark",
    "choice",
)
MAX_STOP_STRINGS = 32


class SamplingBody(BaseModel):
    """SGLang's `sampling_params`; null means the default."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    max_new_tokens: Annotated[int, Field(ge=0)] | None = None
    temperature: Annotated[float, Field(ge=0)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    top_k: Annotated[int, Field(ge=-1)] | None = None
    min_p: Annotated[float, Field(ge=0, le=1)] | None = None
    stop: str | list[str] | None = None
    stop_token_ids: list[int] | None = None
    ignore_eos: bool | None = None
    min_new_tokens: Annotated[int, Field(ge=0)] | None = None
    skip_special_tokens: bool | None = None
    spaces_between_special_tokens: bool | None = None
    no_stop_trim: bool | None = None
    frequency_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    presence_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    repetition_penalty: Annotated[float, Field(gt=0, le=2)] | None = None
    sampling_seed: int | None = None
    seed: int | None = None
    stream_interval: int | None = None
    n: int | None = None

    def sampling(self, default_max_new_tokens: int) -> Sampling:
        """Return the checked value."""
        given = self.model_dump(exclude_none=True, exclude={"n", "stream_interval", "sampling_seed", "seed"})
        stop = given.pop("stop", [])
        given["stop"] = (stop,) if isinstance(stop, str) else tuple(stop)
        given["stop_token_ids"] = frozenset(given.pop("stop_token_ids", ()))
        given.setdefault("max_new_tokens", default_max_new_tokens)
        if given.get("top_k") == -1:
            del given["top_k"]
        seed = self.sampling_seed if self.sampling_seed is not None else self.seed
        return checked(Sampling(**given, seed=seed))


def parse_sampling(values: dict[str, Any], default_max_new_tokens: int) -> Sampling:
    """Turn a request's parameters into a Sampling value; raise BadRequestError naming the one that is wrong."""
    for name in UNSUPPORTED:
        if values.get(name) is not None:
            raise BadRequestError(f"{name} is not supported by this server; leave it out")
    if values.get("n") not in (None, 1):
        raise BadRequestError("n other than 1 is not supported by this server; send the prompt several times")
    given = {name: value for name, value in values.items() if name not in UNSUPPORTED}
    try:
        return SamplingBody.model_validate(given).sampling(default_max_new_tokens)
    except ValidationError as error:
        raise BadRequestError(f"sampling parameters: {describe(error)}") from error


def checked(sampling: Sampling) -> Sampling:
    """Raise BadRequestError for values that contradict each other."""
    if sampling.top_k == 0:
        raise BadRequestError("top_k must be -1 (off) or at least 1")
    if sampling.min_new_tokens > sampling.max_new_tokens:
        raise BadRequestError(f"min_new_tokens ({sampling.min_new_tokens}) exceeds max_new_tokens")
    if len(sampling.stop) > MAX_STOP_STRINGS or not all(sampling.stop):
        raise BadRequestError(f"stop takes at most {MAX_STOP_STRINGS} strings, none of them empty")
    if sampling.seed is not None and not -(2**63) <= sampling.seed < 2**63:
        raise BadRequestError("the seed must fit into 64 bits")
    return sampling


def describe(error: ValidationError) -> str:
    """Say in one line which field is wrong and why."""
    problems = error.errors(include_url=False, include_input=False)
    return "; ".join(
        f"{'.'.join(str(part) for part in problem['loc'])}: "
        f"{'not a known parameter' if problem['type'] == 'extra_forbidden' else problem['msg']}"
        for problem in problems
    )
