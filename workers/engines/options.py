"""Know an engine's options: read them from its --help, and name the nearest to one that does not exist."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from evals.errors import EngineArgumentError
from evals.spec import EngineSpec

_OPTION_LINE = re.compile(r"^\s{1,8}-{1,2}[a-zA-Z]")
_OPTION = re.compile(r"(?<![\w-])--([a-z][a-z0-9_-]*)")


def options_in_help(text: str) -> frozenset[str]:
    """Return the option names, without dashes, that an argparse help text describes."""
    heads = [line.split("  ")[0] for line in map(str.lstrip, filter(_OPTION_LINE.match, text.splitlines()))]
    return frozenset(name for head in heads for name in _OPTION.findall(head))


def nearest(name: str, options: Iterable[str]) -> str | None:
    """Return the option most like a name, or None when none is alike."""
    found = difflib.get_close_matches(name, sorted(options), n=1, cutoff=0.7)
    return found[0] if found else None


def check_options(spec: EngineSpec, options: frozenset[str]) -> None:
    """Refuse arguments that the engine does not know by exactly this name, and all when its options are not known.

    Its own parser would also take abbreviations, and with them what the rules reserve.
    """
    if spec.args and not options:
        raise EngineArgumentError(
            f"{spec.kind}'s arguments on this host are not known, so none can be checked: its --help could not be "
            "read when it was installed.",
            remedy=f"Submit without arguments, or run `plumbline engines remove {spec.kind} --device {spec.device}` "
            f"and `plumbline engines install {spec.kind} --device {spec.device}` on a host where its --help works.",
            argument=next(iter(spec.args)),
        )
    for name in spec.args:
        if name not in options:
            raise unknown_option(spec.kind, name, options)


def unknown_option(engine: str, name: str, options: Iterable[str]) -> EngineArgumentError:
    """Return the error for an option the engine does not have."""
    guess = nearest(name, options)
    hint = f"Did you mean --{guess}?" if guess else "Leave it out."
    return EngineArgumentError(
        f"{engine} has no argument --{name}.",
        remedy=f"{hint} `--help` of the installed version lists all.",
        argument=name,
        nearest=guess,
    )
