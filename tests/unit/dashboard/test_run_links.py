"""Where a run's page leads."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote

from dashboard.lineages_view import LineageFilter
from dashboard.render import run_page
from dashboard.report_view import run_view
from evals.fingerprinting import model_name
from evals.lineage import Lineage
from evals.spec import ModelSpec
from tests.unit.dashboard.test_pages import JOB, RUN


def test_the_models_history_is_that_of_its_revision() -> None:
    model = ModelSpec(path="org/model", revision="v2")
    page = run_page(run_view(replace(RUN, submission=replace(RUN.submission, model=model)), [JOB], None, now=0.0))
    assert f'href="/history?model={quote(model_name(model), safe="/")}"' in page
    held = Lineage(model=model_name(model), workload="gsm8k@1", engine="sglang", hardware="h")
    assert LineageFilter(model=model_name(model)).takes(held)
