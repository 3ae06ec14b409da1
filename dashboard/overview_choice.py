"""What the overview's address asks for; pure."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

ALL_RUNS = "all"


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """What the address asks for; "" lets all pass. model: a part of its name. runs: a kind of runs, or ALL_RUNS."""

    model: str = ""
    engine: str = ""
    hardware: str = ""
    source: str = ""
    tag: str = ""
    runs: str = ""

    @property
    def filtered(self) -> bool:
        """Tell whether anything but the family is chosen."""
        return any((self.model, self.source, self.tag, self.runs))

    def address(self, **changed: str) -> str:
        """Return the page's address with some of the choices changed."""
        values = {name: value for name, value in (vars(self) | changed).items() if value}
        return "/?" + urlencode(values) if values else "/"
