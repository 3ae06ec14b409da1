"""The texts and values of which requests are made, with their lengths and ranges."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, WithJsonSchema

from evals.submission_rules import MOST_PATH, NO_OPTION, ONE_LINE


def _scalar(value: Any) -> Any:
    if isinstance(value, str) and len(value) > 4096:
        raise ValueError("an argument's value has at most 4096 characters")
    if isinstance(value, str) and any("\ud800" <= character <= "\udfff" for character in value):
        raise ValueError("the text is no Unicode")
    if isinstance(value, int) and abs(value) >= 2**63:
        raise ValueError("the number does not fit into 64 bits")
    if not isinstance(value, str | int | float | bool):
        raise ValueError("an argument's value is a text, a number, true or false")
    return value


def _name(length: int) -> Any:
    return StringConstraints(min_length=1, max_length=length, pattern=ONE_LINE)


Name = Annotated[str, _name(64)]
Location = Annotated[str, _name(1024)]
Reason = Annotated[str, _name(1000)]
ModelPath = Annotated[str, StringConstraints(max_length=MOST_PATH, pattern=NO_OPTION)]
Argument = Annotated[Any, AfterValidator(_scalar), WithJsonSchema({"type": ["string", "number", "boolean"]})]


class StrictRequest(BaseModel):
    """A part of a request; what it does not know it refuses."""

    model_config = ConfigDict(extra="forbid", frozen=True)
