"""The form in which both sides are asked alike: the same endpoint, and only fields that both of them take."""

from __future__ import annotations

from dataclasses import dataclass, replace

from evals.errors import RequestRefusedError
from evals.serving.load import PATHS, Endpoint, Load
from evals.serving.probe import probe
from evals.serving.record import Basis


@dataclass(frozen=True, kw_only=True)
class Form:
    """Say how a side is asked; see Load."""

    endpoint: Endpoint = Endpoint.NATIVE
    force_lengths: bool = True
    count_events: bool = True

    def of(self, load: Load) -> Load:
        """Return a load in this form."""
        return replace(load, endpoint=self.endpoint, force_lengths=self.force_lengths, count_events=self.count_events)

    def words(self) -> dict[str, str]:
        """Return what a reader must know of it."""
        lengths = "forced on both sides (ignore_eos)" if self.force_lengths else "not forced on either side"
        counts = "" if self.count_events else ", without counts in each event"
        return {"endpoint": f"{PATHS[self.endpoint]}{counts}", "output lengths": lengths}


@dataclass(frozen=True, kw_only=True)
class Taken:
    """Hold the form that a server takes, and how its first token can be told."""

    form: Form
    basis: Basis | None


def taken_of(load: Load, form: Form) -> Taken:
    """Ask a server a small request in a form, and in lesser ones until it answers.

    Raises RequestRefusedError when it answers none, and EngineUnreachableError when nobody is there.
    """
    endpoints = list(Endpoint)
    first: RequestRefusedError | None = None
    for endpoint in endpoints[endpoints.index(form.endpoint) :]:
        try:
            probed = probe(replace(form, endpoint=endpoint).of(load))
        except RequestRefusedError as error:
            first = first or error
            continue
        taken = probed.load
        found = Form(endpoint=endpoint, force_lengths=taken.force_lengths, count_events=taken.count_events)
        return Taken(form=found, basis=probed.basis)
    assert first is not None
    raise first
