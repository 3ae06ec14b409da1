"""The service that the browser visits: real engines' results, and states that engines cannot produce on demand."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import httpx

from db.session import transaction
from db.settings import settings
from db.tokens import TokenRole, create_token
from tests.browser.seeding import Seeded, seed
from tests.engines.service import ROOT, Service, free_port
from workers.engines.environments import read_manifest
from workers.gpus import hardware_facts

COOKIE = "plumbline_session"
DAMAGED: dict[str, Any] = {
    "external_package": str(ROOT / "demo" / "damaged_model"), "architectures": ["SlightlyDamagedLlama"]
}  # fmt: skip
WORKLOAD = {
    "benchmark": "gsm8k", "data": "demo", "metric": "exact_match,strict-match", "margin": 0.1, "limit": 60
}  # fmt: skip
"""The demo suite's, with no more items and no smaller a margin than a certain verdict takes."""

NAMES = {"viewer": "vera", "submitter": "sam", "maintainer": "mia", "admin": "ada"}
_NOTE, _NOTED = "site.json", ("tokens", "passed", "failed", "flip")


class Own(Service):
    """A service whose models lie in its home, so that pictures show no path of a checkout."""

    @property
    def model(self) -> Path:
        return self.home / "models" / "demo-llm"

    def environment(self) -> dict[str, str]:
        own = {"PLUMBLINE_EXTERNAL_CODE_ROOTS": str(self.home / "models"), "PLUMBLINE_PUBLIC_READ": "0"}
        return super().environment() | own


@dataclass(frozen=True, kw_only=True)
class Site:
    """A running service with results. passed, failed: real runs of both engines, the second with the damaged model;
    flip: an item, as TASK/NUMBER, that the damage changed."""

    service: Own
    tokens: dict[str, str]
    passed: str
    failed: str
    flip: str
    seeded: Seeded
    cookies: dict[str, str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.service.port}"

    def cookie(self, role: str) -> str:
        """Return the cookie of a browser that signed in with a token of this role."""
        if role not in self.cookies:
            answer = httpx.post(f"{self.address}/sign-in", data={"token": self.tokens[role]}, timeout=30)
            assert answer.status_code == 303, answer.text
            self.cookies[role] = answer.cookies[COOKIE]
        return self.cookies[role]


def engines_home() -> Path | None:
    """Return the home that holds the engines' environments; None when they are not installed."""
    home = Path(os.environ.get("PLUMBLINE_HOME", ROOT / ".plumbline"))
    whole = all(read_manifest(home / "engines" / f"{engine}-cpu") is not None for engine in ("sglang", "hf"))
    return home if whole else None


def chromium() -> str | None:
    """Return the path of an installed Chromium; None when there is none."""
    found = (shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))
    return next((path for path in found if path is not None), None)


@contextmanager
def running_site(home: Path, engines: Path) -> Iterator[Site]:
    """Start a service in a new home and fill it; stop it at the end."""
    home.mkdir()
    (home / "engines").symlink_to(engines / "engines")
    for name in ("demo-llm", "damaged_model"):
        shutil.copytree(ROOT / "demo" / name, home / "models" / name)
    service = Own(home=home, port=free_port())
    started = service.command("up", "--detach", timeout_s=240)
    assert started.returncode == 0, started.stdout + started.stderr
    try:
        with speaking_to(service):
            seeded = seed(str(service.model), hardware_facts()["hardware_class"])
            tokens = {role.value: _token(role) for role in TokenRole}
        passed, failed = _runs(service)
        lost = service.report(failed)["comparisons"][0]["flips"][0]
        flip = f"{lost['task']}/{lost['doc_id']}"
        site = Site(service=service, tokens=tokens, passed=passed, failed=failed, flip=flip, seeded=seeded)
        _keep(site)
        yield site
    finally:
        stopped = service.command("down")
    assert stopped.returncode == 0, stopped.stdout + stopped.stderr


def _keep(site: Site) -> None:
    """Note what the site holds, for `known_site`."""
    held = {name: getattr(site, name) for name in _NOTED} | {"port": site.service.port, "seeded": asdict(site.seeded)}
    (site.service.home / _NOTE).write_text(json.dumps(held))


def known_site(home: Path) -> Site:
    """Return the site that runs in a home already."""
    held = json.loads((home / _NOTE).read_text())
    return Site(
        service=Own(home=home, port=held["port"]),
        seeded=Seeded(**held["seeded"]),
        **{name: held[name] for name in _NOTED},
    )


@contextmanager
def speaking_to(service: Service) -> Iterator[None]:
    """Let this process's own verbs write into the service's database."""
    before = os.environ.get("DATABASE_URL")
    os.environ["DATABASE_URL"] = service.addresses()["database_url"]
    settings.cache_clear()
    try:
        yield
    finally:
        os.environ.pop("DATABASE_URL")
        if before is not None:
            os.environ["DATABASE_URL"] = before
        settings.cache_clear()


def _token(role: TokenRole) -> str:
    with transaction() as session:
        return create_token(session, name=NAMES[role.value], role=role)[1]


def _runs(service: Own) -> tuple[str, str]:
    """Compare the engines on the demo model as it is, and as its damaged class makes it, which asks one side alone."""
    asked: dict[str, Any] = {"model": str(service.model), "suite": None, "workloads": [WORKLOAD], "use_cache": True}
    package = str(service.home / "models" / "damaged_model")
    damaged = {"external_package": package, "architectures": ["SlightlyDamagedLlama"]}
    ids = []
    for extra in ({}, damaged):
        run = service.submit(candidate={"engine": "sglang"} | extra, **asked)
        service.finished(run["id"], timeout_s=600)
        ids.append(run["id"])
    return ids[0], ids[1]


if __name__ == "__main__":
    found = engines_home()
    if found is None:
        sys.exit("the engines are not installed: run `make engines`")
    with running_site(Path(sys.argv[1]), found) as site:
        print(f"{site.address}, token {site.tokens['maintainer']}; Ctrl-C stops it", flush=True)
        with suppress(KeyboardInterrupt):
            signal.pause()
