"""GitHub's webhooks: proven, stored and answered at once; what comes of them is a worker's task."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, BackgroundTasks, Depends, Header, Path, Query, Request
from pydantic import BaseModel

from api.auth import Maintainer
from api.github_events import described, is_signed
from api.github_resources import DeliveryPage, DeliveryResource, delivery_resource
from api.problems import HttpError
from api.resources import ROOT
from db.github_deliveries import DeliveryState, list_deliveries, replay_delivery, store_delivery
from db.session import transaction
from db.settings import settings
from workers.queue import enqueue_delivery

router = APIRouter(prefix=f"{ROOT}/github", tags=["github"])


class Received(BaseModel):
    """What became of a webhook: received, ignored (stored, not acted on), dropped (not kept), or known already."""

    id: str
    state: str


def _must_be_ready() -> None:
    missing = settings().github_missing
    if missing:
        raise HttpError(
            "github_not_configured",
            "this service is no GitHub App",
            remedy=f"set {', '.join(missing)}, and start the service again; docs/github.md says how",
        )


async def _body(request: Request) -> bytes:
    return await request.body()


# Not in the OpenAPI document: its body is described by GitHub, and it takes a signature instead of a token.
@router.post("/webhook", status_code=202, include_in_schema=False, dependencies=[Depends(_must_be_ready)])
def webhook(
    background: BackgroundTasks,
    body: Annotated[bytes, Depends(_body)],
    signature: Annotated[str, Header(alias="X-Hub-Signature-256", max_length=200)] = "",
    event: Annotated[str, Header(alias="X-GitHub-Event", max_length=64, pattern="^[a-z0-9_]*$")] = "",
    delivery: Annotated[str, Header(alias="X-GitHub-Delivery", max_length=64, pattern="^[0-9A-Za-z-]*$")] = "",
) -> Received:
    """Store what GitHub tells, if it bears the signature of one of our secrets, and answer before acting on it.

    The same delivery, or the same body under another delivery's id, has no further effect.
    """
    config = settings()
    if not is_signed(body, signature, config.github_secrets):
        raise HttpError(
            "bad_signature",
            "X-Hub-Signature-256 is none of this body with one of our secrets",
            remedy="give the App's webhook the secret that PLUMBLINE_GITHUB_WEBHOOK_SECRETS holds",
        )
    if not event or not delivery:
        raise HttpError(
            "invalid_request",
            "X-GitHub-Event or X-GitHub-Delivery is missing",
            remedy="send both headers, as GitHub does",
        )
    new = described(delivery, event, _payload(body), body, config.github_repositories)
    if new is None:
        return Received(id=delivery, state="dropped")
    with transaction() as session:
        is_new = store_delivery(session, new)
    if is_new and new.ignored is None:
        background.add_task(enqueue_delivery, delivery)
    return Received(id=delivery, state=("ignored" if new.ignored else "received") if is_new else "known")


@router.get("/deliveries", summary="List webhooks")
def deliveries(
    token: Maintainer,
    state: DeliveryState | None = None,
    limit: Annotated[int, Query(ge=1, le=200, description="How many, the newest first.")] = 50,
) -> DeliveryPage:
    """Return the latest webhooks with what was made of each."""
    with transaction() as session:
        found = list_deliveries(session, state=state, limit=limit)
    return DeliveryPage(items=[delivery_resource(one) for one in found])


@router.post("/deliveries/{delivery_id}/replay", status_code=202, summary="Work at a webhook once more")
def replay(
    token: Maintainer,
    delivery_id: Annotated[str, Path(min_length=1, max_length=64, description="As GitHub's X-GitHub-Delivery.")],
) -> DeliveryResource:
    """Let a stored webhook be worked at again, as after a fault; a command that was obeyed is not obeyed twice."""
    _must_be_ready()
    with transaction() as session:
        found = replay_delivery(session, delivery_id)
    enqueue_delivery(delivery_id)
    return delivery_resource(found)


def _payload(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise HttpError(
            "malformed_webhook",
            "the body is no JSON object",
            remedy="set the webhook's content type to application/json",
        )
    return found
