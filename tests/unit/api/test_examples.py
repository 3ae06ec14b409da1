"""The OpenAPI document's examples have the form of the answers they stand for."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from api.app import create_app
from api.examples import answer_examples
from api.history_resources import ChangeResource, HistoryResource
from api.resources import ROOT, RunPage, RunResource
from api.routes.baselines import PromotionList
from api.routes.history import LineageList
from api.routes.regressions import ChangeList
from api.routes.samples import SamplePage
from api.routes.schedules import ScheduleList, ScheduleResource
from api.routes.suites import SuiteList

FORMS: dict[str, type[BaseModel]] = {
    f"{ROOT}/submissions": RunPage,
    f"{ROOT}/submissions/{{run_id}}": RunResource,
    f"{ROOT}/submissions/{{run_id}}/samples": SamplePage,
    f"{ROOT}/suites": SuiteList,
    f"{ROOT}/baselines": PromotionList,
    f"{ROOT}/baselines/history": PromotionList,
    f"{ROOT}/lineages": LineageList,
    f"{ROOT}/history": HistoryResource,
    f"{ROOT}/regressions": ChangeList,
    f"{ROOT}/regressions/{{change_id}}": ChangeResource,
    f"{ROOT}/schedules": ScheduleList,
    f"{ROOT}/schedules/{{name}}": ScheduleResource,
}


@pytest.mark.parametrize("path", sorted(FORMS))
def test_an_example_is_an_answer_and_stands_in_the_document(path: str) -> None:
    example = answer_examples()[path]
    answer = FORMS[path].model_validate(example)
    assert set(answer.model_dump()) == set(example)
    content = create_app().openapi()["paths"][path]["get"]["responses"]["200"]["content"]
    assert content["application/json"]["example"] == example
