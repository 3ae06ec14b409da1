"""Fill the pages of items, whichever two jobs they are about."""

from __future__ import annotations

import shlex
from enum import StrEnum
from typing import Literal

from fastapi import Response
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from api.headers import PICTURE_POLICY
from api.problems import HttpError
from api.sample_sides import Sides
from dashboard.links import with_query
from dashboard.render import Who, page
from dashboard.sample_view import ItemPlace, SampleView, sample_view
from dashboard.samples_view import SampleFilter, SamplesView, flip_words, item_link, neighbours, sample_row
from db.sample_detail import ItemSide, item_side
from db.sample_pairs import sample_pairs
from db.sample_query import Item, SampleQuery, sample_items
from db.sample_tasks import tasks_of
from db.storable import storable
from evals.explain import tokens_of
from evals.formatting import item_name

PAGE = 50
CURSOR = r"^[^\x00-\x20\x7f]{1,200}:[0-9]{1,9}$"


class ItemParameters(BaseModel):
    """Under which workload and metric an item is shown; repeat: which of its answers."""

    workload: str | None = Field(default=None, max_length=128)
    metric: str | None = Field(default=None, max_length=128)
    repeat: int = Field(default=0, ge=0, le=10_000)


class TableParameters(BaseModel):
    """What a table of items shows; empty values are left out, as forms send them."""

    workload: str | None = Field(default=None, max_length=128)
    metric: str | None = Field(default=None, max_length=128)
    flip: Literal["", "any", "lost", "gained", "none"] = ""
    show: Literal["", "unparsed", "errors"] = ""
    q: str = Field(default="", max_length=200)
    within: Literal["answers", "prompts"] = Field(default="answers", alias="in")
    task: str = Field(default="", max_length=200)
    after: str | None = Field(default=None, pattern=CURSOR)
    before: str | None = Field(default=None, pattern=CURSOR)


class Text(StrEnum):
    """The texts of an item that can be read whole."""

    PROMPT = "prompt"
    CANDIDATE = "candidate"
    BASELINE = "baseline"
    CANDIDATE_THOUGHTS = "candidate-thoughts"
    BASELINE_THOUGHTS = "baseline-thoughts"


def table_page(session: Session, sides: Sides, wanted: TableParameters, who: Who | None) -> str:
    """Return the page with the table of items."""
    chosen = SampleFilter(
        workload=sides.workload.name,
        metric=sides.metric,
        flip=wanted.flip,
        show=wanted.show,
        text=storable(wanted.q.strip()),
        within=wanted.within,
        task=storable(wanted.task),
    )
    query = _query(sides, chosen, wanted)
    found = sample_pairs(session, query)
    pairs, earlier, later = neighbours(found, PAGE, after=query.after is not None, before=query.backwards)
    asked = sides.kept | chosen.as_query()
    place = sides.kept | {"workload": sides.workload.name, "metric": sides.metric}
    rows = [sample_row(one, item_link(sides.path, one.task, one.doc_id, place), chat=sides.chat) for one in pairs]
    view = SamplesView(
        path=sides.path,
        title=sides.title,
        wanted=chosen,
        rows=tuple(rows),
        names=sides.names,
        workloads=sides.workloads,
        metrics=sides.metrics,
        tasks=tuple(tasks_of(session, sides.known_job, sides.workload.name)),
        earlier=with_query(sides.path, asked | {"before": _cursor(pairs[0].task, pairs[0].doc_id)})
        if earlier and pairs
        else None,
        later=with_query(sides.path, asked | {"after": _cursor(pairs[-1].task, pairs[-1].doc_id)})
        if later and pairs
        else None,
        everything=with_query(sides.path, place),
        note=sides.note,
        kept=sides.kept,
    )
    return page("samples.html", who, here="runs", view=view, back=sides.back, flip_words=flip_words(sides.names))


def item_page(session: Session, sides: Sides, item: Item, wanted: ItemParameters, who: Who | None) -> str:
    """Return an item's page; raise HttpError for an item that neither side answered."""
    ours, theirs = _both(session, sides, item, wanted.repeat)
    place = ItemPlace(
        workload=sides.workload.name,
        task=item[0],
        doc_id=item[1],
        metric=sides.metric,
        repeat=wanted.repeat,
        repeats=sides.workload.repeats,
        chat=sides.chat,
        names=sides.names,
    )
    links = _links(session, sides, item, wanted)
    view: SampleView = sample_view(place, ours, theirs, tokens=tokens_of(sides.model.path), links=links)
    command = ["plumbline", "explain", sides.run_id, item_name(item), "--workload", sides.workload.name]
    said = shlex.join(command) if sides.run_id else ""
    return page("sample.html", who, here="runs", view=view, back=sides.back, title=sides.title, command=said)


def text_of(session: Session, sides: Sides, item: Item, wanted: ItemParameters, text: Text) -> Response:
    """Return one text of an item; raise HttpError where there is none."""
    ours, theirs = _both(session, sides, item, wanted.repeat)
    side = theirs if text.startswith("baseline") else ours
    if text is Text.PROMPT:
        found = ours.prompt if ours.prompt is not None else theirs.prompt
    elif side.response is None:
        found = None
    else:
        found = side.response.reasoning if text.endswith("thoughts") else side.response.text
    if found is None:
        raise HttpError("unknown_item", f"there is no such text of {item_name(item)}", remedy="go back to the item")
    headers = {"Content-Security-Policy": PICTURE_POLICY, "Content-Disposition": "inline"}
    return Response(found.encode("utf-8", "replace"), headers=headers, media_type="text/plain; charset=utf-8")


def _both(session: Session, sides: Sides, item: Item, repeat: int) -> tuple[ItemSide, ItemSide]:
    ours, theirs = (
        item_side(session, job, sides.workload.name, item, repeat) for job in (sides.candidate_job, sides.baseline_job)
    )
    if not any(side.scores or side.response for side in (ours, theirs)):
        raise HttpError(
            "unknown_item",
            f"there is no answer to {item_name(item)} in {sides.workload.name}",
            remedy=f"look for it among the items at {sides.path}",
        )
    return ours, theirs


def _query(sides: Sides, chosen: SampleFilter, wanted: TableParameters) -> SampleQuery:
    cursor = wanted.before or wanted.after
    task, _, doc_id = cursor.rpartition(":") if cursor else ("", "", "")
    return SampleQuery(
        candidate_job=sides.candidate_job,
        baseline_job=sides.baseline_job,
        workload=chosen.workload,
        metric=chosen.metric,
        flip=chosen.flip or None,
        unparsed=chosen.show == "unparsed",
        errors=chosen.show == "errors",
        text=chosen.text,
        within=chosen.within,
        task=chosen.task or None,
        after=(task, int(doc_id)) if cursor else None,
        backwards=wanted.before is not None,
        limit=PAGE + 1,
    )


def _links(session: Session, sides: Sides, item: Item, wanted: ItemParameters) -> dict[str, str]:
    """Return the addresses around an item: the flips before and behind it, the table, its whole texts."""
    place = sides.kept | {"workload": sides.workload.name, "metric": sides.metric}
    answer = place | ({"repeat": str(wanted.repeat)} if wanted.repeat else {})
    here = item_link(sides.path, item[0], item[1], {})
    links = {"list": with_query(sides.path, place), "flips": with_query(sides.path, place | {"flip": "any"})}
    links |= {text.value: with_query(f"{here}/{text.value}.txt", answer) for text in Text}
    links |= {
        f"answer {number}": with_query(here, place | {"repeat": str(number)})
        for number in range(sides.workload.repeats if sides.workload.repeats > 1 else 0)
    }
    for name, backwards in (("previous", True), ("next", False)):
        query = SampleQuery(
            candidate_job=sides.candidate_job,
            baseline_job=sides.baseline_job,
            workload=sides.workload.name,
            metric=sides.metric,
            flip="any",
            after=item,
            backwards=backwards,
            limit=1,
        )
        for near in sample_items(session, query):
            links[name] = item_link(sides.path, near[0], near[1], place)
    return links


def _cursor(task: str, doc_id: int) -> str:
    return f"{task}:{doc_id}"
