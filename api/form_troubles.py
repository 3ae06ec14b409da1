"""What is wrong with a form, in words that stand beside the field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from evals.errors import PlumblineError

Request = TypeVar("Request", bound=BaseModel)

_WORDS = {
    "reason": "say why, in one line of 1 to 1,000 characters",
    "commit": "a commit is 7 to 64 hex digits in lower case",
    "run": "a run's id begins with r and has no spaces; `plumbline list` shows them",
    "workload": "a workload's name has 1 to 64 characters; leave it empty for all of the run's",
}


class FormError(Exception):
    """A form says something that cannot be. troubles: why, by field."""

    def __init__(self, troubles: Mapping[str, str]) -> None:
        super().__init__(str(troubles))
        self.troubles = troubles


def read_form(kind: type[Request], **values: str | bool) -> Request:
    """Return a form's values as the API's request, an empty text as an absent one; raise FormError by field."""
    given = {name: value for name, value in values.items() if value != ""}
    try:
        return kind(**given)
    except ValidationError as error:
        fields = {str(item["loc"][0]): item["msg"] for item in error.errors()}
        raise FormError({name: _WORDS.get(name, message) for name, message in fields.items()}) from None


def in_words(error: PlumblineError) -> str:
    """Return one of our errors as a sentence with its remedy."""
    return f"{error.message[:1].upper()}{error.message[1:]}. What to do: {error.remedy}."
