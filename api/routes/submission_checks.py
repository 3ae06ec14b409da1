"""The dry run of a submission."""

from __future__ import annotations

from fastapi import APIRouter

from api.auth import Submitter
from api.checking import CheckResource, checked
from api.resources import ROOT
from api.schemas import SubmissionRequest
from db.session import transaction

router = APIRouter(prefix=f"{ROOT}/submissions", tags=["submissions"])


@router.post("/check", summary="Check a submission without making it")
def check(body: SubmissionRequest, token: Submitter) -> CheckResource:
    """Return what the same body would bring as a submission, or the problem that it would meet; nothing is written."""
    with transaction() as session:
        return checked(session, body, token)
