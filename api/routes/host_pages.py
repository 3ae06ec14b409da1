"""The page about hosts: what they have, who holds it, and how long the queues have waited."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse

from api.auth import Looking, visitor
from dashboard.hosts_view import hosts_view
from dashboard.render import page
from db.host_records import host_records
from db.queue_state import queue_ages, running
from db.session import transaction

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse, dependencies=[Depends(visitor)])


@router.get("/hosts")
def show(who: Looking) -> str:
    """Show the hosts with their devices and engines."""
    records = host_records()
    with transaction() as session:
        jobs, queues = running(session), queue_ages(session)
    return page(
        "hosts.html", who, here="hosts", live=True, view=hosts_view(records, jobs, queues, now=datetime.now(UTC))
    )
