"""Every page of the dashboard, by name, with its address on a site."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import quote

from tests.browser.site import Site

PAGES: Mapping[str, Callable[[Site], str]] = {
    "overview": lambda site: "/?engine=sglang",
    "runs": lambda site: "/runs",
    "run": lambda site: f"/runs/{site.failed}",
    "samples": lambda site: f"/runs/{site.failed}/samples?flip=any",
    "sample": lambda site: f"/runs/{site.failed}/samples/{site.flip}",
    "choices": lambda site: f"/runs/{site.seeded.choices}/samples/mmlu/0",
    "compare": lambda site: f"/compare?left={site.passed}&right={site.failed}",
    "history": lambda site: "/history",
    "lineage": lambda site: f"/history/{quote(site.seeded.lineage, safe='')}",
    "regressions": lambda site: "/regressions",
    "regression": lambda site: f"/regressions/{site.seeded.regression}",
    "baselines": lambda site: "/baselines",
    "queue": lambda site: "/queue",
    "hosts": lambda site: "/hosts",
    "submit": lambda site: "/submit",
    "sign-in": lambda site: "/sign-in",
}
