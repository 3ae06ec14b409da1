"""One item of a run, opened: both answers, what was found in each, and the first token in which they part."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from api.auth import Viewer
from api.parameters import RunId
from api.problems import HttpError
from api.resources import ROOT
from api.routes.samples import query_of, workload_of
from db.runs import get_run
from db.sample_pairs import SamplePair, sample_pairs
from db.session import transaction
from evals.explain import Divergence, divergence, tokens_of
from evals.spec import ModelSpec

router = APIRouter(prefix=f"{ROOT}/submissions", tags=["reports"])

Task = Annotated[str, Path(pattern=r"^[^\x00-\x20\x7f]{1,200}$", description="The item's task.", examples=["gsm8k"])]
Document = Annotated[int, Path(ge=0, le=2**31 - 1, description="The item's number in its task.", examples=[17])]


class Explanation(BaseModel):
    """An item with both sides' answers, and where their texts part."""

    sample: SamplePair
    divergence: Divergence | None = Field(
        description="The first differing token of the model's own tokenizer, or word where that does not lie here; "
        "null for equal texts and where a side has none."
    )


@router.get("/{run_id}/samples/{task:path}/{doc_id}", summary="Open one item and show where the answers part")
def explain(
    run_id: RunId,
    task: Task,
    doc_id: Document,
    token: Viewer,
    workload: Annotated[str | None, Query(max_length=128, description="Default: the first that has items.")] = None,
    metric: Annotated[str | None, Query(max_length=128, description="Default: the one that decides.")] = None,
) -> Explanation:
    """Return an item with both texts, what was found in each, and the first token or word in which they differ."""
    with transaction() as session:
        submission = get_run(session, run_id).submission
        chosen = workload_of(run_id, submission, workload)
        query = replace(query_of(session, run_id, chosen, metric), item=(task, doc_id))
        found = sample_pairs(session, query)
    if not found:
        raise HttpError(
            "unknown_item",
            f"run {run_id} has no judged item {task}/{doc_id} in {chosen.name} under {query.metric}",
            remedy=f"list the items: `plumbline samples {run_id}`",
        )
    return Explanation(sample=found[0], divergence=_divergence(found[0], submission.model))


def _divergence(pair: SamplePair, model: ModelSpec) -> Divergence | None:
    ours, theirs = pair.candidate.text, pair.baseline.text
    if ours is None or theirs is None:
        return None
    return divergence(ours, theirs, tokens=tokens_of(model.path))
