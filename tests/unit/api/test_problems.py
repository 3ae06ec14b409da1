"""Errors become problem documents with a place and a remedy."""

import pytest
from fastapi.exceptions import RequestValidationError

from api import problems
from evals.errors import InternalError, InvalidSubmissionError, PolicyError


@pytest.mark.parametrize(
    ("field", "pointer"),
    [
        ("suite", "/suite"),
        ("candidate.kind", "/candidate/engine"),
        ("candidate.args.port", "/candidate/args/port"),
        ("candidate.args.a.b/c~d", "/candidate/args/a.b~1c~0d"),
        ("baseline.base_url", "/baseline/base_url"),
    ],
)
def test_a_field_becomes_a_json_pointer(field: str, pointer: str) -> None:
    assert problems.field_pointer(field) == pointer


def test_an_invalid_submission_names_its_field_and_the_remedy() -> None:
    problem = problems.of_error(InvalidSubmissionError("no suite 'x'", remedy="use demo", field="suite"))
    assert (problem.status, problem.code, problem.remedy) == (422, "invalid_submission", "use demo")
    assert problem.errors == [problems.FieldError(location="body", field="/suite", message="no suite 'x'")]
    assert problem.type == "/problems/invalid_submission"


def test_a_policy_is_no_mistake_of_form() -> None:
    assert problems.of_error(PolicyError("no", remedy="ask")).status == 403


def test_an_error_that_no_table_knows_is_the_servers() -> None:
    assert problems.of_error(InternalError("boom", remedy="none")).status == 500


def test_malformed_json_is_told_from_wrong_fields() -> None:
    syntax = {"type": "json_invalid", "loc": ("body", 17), "msg": "JSON decode error", "ctx": {"error": "no comma"}}
    problem = problems.of_validation(RequestValidationError([syntax]))
    assert problem.status == 400
    assert "no comma at character 17" in problem.detail


def test_every_wrong_field_is_listed_with_its_place() -> None:
    found = [
        {"type": "missing", "loc": ("body", "model"), "msg": "Field required"},
        {"type": "value_error", "loc": ("body", "tags", 3), "msg": "Value error, too long"},
    ]
    problem = problems.of_validation(RequestValidationError(found))
    assert problem.status == 422
    assert [(item.location, item.field, item.message) for item in problem.errors] == [
        ("body", "/model", "Field required"),
        ("body", "/tags/3", "too long"),
    ]
