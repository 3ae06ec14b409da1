"""`plumbline github`: what came from GitHub, and once more."""

from __future__ import annotations

import json

from tests.unit.cli.commands_world import plumbline
from tests.unit.cli.service_double import ServiceDouble, problem

DELIVERY = {
    "id": "72d3162e", "event": "issue_comment", "action": "created", "repository": "org/engine", "number": 12,
    "sender": "al[bold]ice", "state": "failed", "outcome": "GitHub refused it", "tries": 1,
    "received_at": "2026-01-31T12:00:00Z", "next_try_at": None, "processed_at": "2026-01-31T12:00:01Z",
}  # fmt: skip
PATH = "/api/v1/github/deliveries"


def test_deliveries_are_shown_with_what_was_made_of_them(service: ServiceDouble) -> None:
    service.answers["GET", PATH] = {"items": [DELIVERY]}
    shown = plumbline("github", "deliveries", "--state", "failed")
    assert shown.exit_code == 0
    for words in ("72d3162e", "issue_comment, created", "org/engine#12", "al[bold]ice", "GitHub refused it"):
        assert words in shown.output
    assert dict(service.asked[0].url.params) == {"state": "failed", "limit": "50"}
    as_json = plumbline("github", "deliveries", "--json")
    assert json.loads(as_json.output) == [DELIVERY]


def test_a_delivery_is_replayed_and_an_unknown_one_is_told(service: ServiceDouble) -> None:
    service.answers["POST", f"{PATH}/72d3162e/replay"] = {**DELIVERY, "state": "received"}
    assert "72d3162e is received again" in plumbline("github", "replay", "72d3162e").output
    service.answers["POST", f"{PATH}/none/replay"] = problem(404, "unknown_delivery", "there is none", "list them")
    failed = plumbline("github", "replay", "none")
    assert failed.exit_code != 0
    assert "list them" in failed.output
