"""Make an engine's source ready: fetch it, lay it over the installed environment or build one for it.

    spec = pinned(job.engine, settings)         its refs are commits now, so that all that follows means the same code
    ready(spec, settings, check=lease.check)    afterwards `environment_for(spec, settings)` finds it

Of several jobs that want one source, one makes it ready and the others wait. A folder becomes ready by its manifest,
which is written last: what an interrupted one leaves is removed by the next.
"""

from __future__ import annotations

from db.settings import Settings
from evals.code_sources import INSTALLED, wheel_source
from evals.spec import EngineSpec
from workers.engines.environments import installed_environment
from workers.external_code import require_inside
from workers.sources.fetching import Check, pinned
from workers.sources.locks import waiting_lock
from workers.sources.made import read_source, source_folder
from workers.sources.making import make


def ready(spec: EngineSpec, settings: Settings, *, check: Check = lambda: None) -> EngineSpec:
    """Make an engine's source ready on this host unless it is; return the engine pinned.

    check: asked while one waits; what it raises ends the work and passes through. Raises InstallError when the source
    cannot be built.
    """
    spec = pinned(spec, settings)
    if spec.source == INSTALLED:
        return spec
    wheel = wheel_source(spec.source)
    if wheel is not None:
        require_inside(wheel, settings.code_roots, field="source")
    base = installed_environment(spec, settings)
    folder = source_folder(spec, base, settings)
    if read_source(folder) is None:
        with waiting_lock(folder, check=check):
            if read_source(folder) is None:
                make(spec, base, folder, settings, check)
    return spec
