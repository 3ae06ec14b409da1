"""The OpenAPI document holds for requests that nobody would think of."""

from __future__ import annotations

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.app import create_app
from api.openapi import document
from db.tokens import TokenRole
from tests.integration.api.world import finished_run, token_of

CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance, status_code_conformance]


OPERATIONS = [
    (method, path)
    for path, methods in document(create_app())["paths"].items()
    for method in methods
    if not path.endswith("/events")  # endless; test_service.py reads it
]


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_answer_is_as_the_document_says(method: str, path: str, database: str, redis_url: str) -> None:
    run_id = finished_run([True, False], [True, True])
    headers = {"Authorization": f"Bearer {token_of(TokenRole.SUBMITTER)}"}
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", create_app())

    @settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(case=schema[path][method].as_strategy(), exists=st.booleans())
    def check(case: Case, exists: bool) -> None:
        if exists and "run_id" in case.path_parameters:
            case.path_parameters["run_id"] = run_id
        case.call_and_validate(headers=headers, checks=CHECKS)

    check()


def test_every_operation_has_a_summary_and_describes_its_errors(client: TestClient) -> None:
    made = client.get("/api/v1/openapi.json").json()
    for path, operations in made["paths"].items():
        for operation in operations.values():
            assert operation["summary"]
            if path.startswith("/api/"):
                assert {"401", "422"} <= set(operation["responses"])
                content = operation["responses"]["422"]["content"]
                assert set(content) == {"application/problem+json"}
                assert operation["security"] == [{"HTTPBearer": []}]
