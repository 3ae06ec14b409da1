"""The files that pages load; a browser keeps those whose address names their version."""

from __future__ import annotations

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

_KEEP = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"


class KeptFiles(StaticFiles):
    """Serve files; `?v=...` (see `dashboard.assets.static`) may be kept for a year, others are asked for again."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return the file with the header that says how long it may be kept."""
        answer = await super().get_response(path, scope)
        versioned = scope.get("query_string", b"").startswith(b"v=") and answer.status_code in (200, 304)
        answer.headers["Cache-Control"] = _KEEP if versioned else _ASK_AGAIN
        return answer
