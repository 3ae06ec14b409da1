"""The JSON form of GitHub's webhooks as they are listed."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from db.github_deliveries import DeliveryRecord, DeliveryState


class DeliveryResource(BaseModel):
    """A webhook and what was made of it."""

    id: str = Field(examples=["72d3162e-cc78-11e3-81ab-4c9367dc0958"])
    event: str
    action: str | None
    repository: str | None
    number: int | None = Field(description="Of the pull request.")
    sender: str | None
    state: DeliveryState
    outcome: str | None
    tries: int
    received_at: datetime
    next_try_at: datetime | None = Field(description="While it is received and not done.")
    processed_at: datetime | None


class DeliveryPage(BaseModel):
    """Webhooks, the newest first."""

    items: list[DeliveryResource]


def delivery_resource(one: DeliveryRecord) -> DeliveryResource:
    """Return a webhook's JSON form."""
    values = {name: getattr(one, name) for name in DeliveryResource.model_fields}
    return DeliveryResource(
        **values | {"next_try_at": one.next_try_at if one.state == DeliveryState.RECEIVED else None}
    )
