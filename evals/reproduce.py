"""Write a submission as the command that makes it again."""

from __future__ import annotations

import shlex

from evals.spec import EngineSpec, Submission


def submit_command(submission: Submission) -> str:
    """Return the `plumbline submit` command line for a submission, quoted for a shell."""
    words = ["plumbline", "submit", "--model", submission.model.path]
    if submission.model.revision:
        words += ["--revision", submission.model.revision]
    words += ["--engine", submission.candidate.kind, "--baseline", submission.baseline.kind]
    words += ["--suite", submission.suite]
    words += _engine_words(submission.candidate)
    words += [f"--baseline-arg={name}={value}" for name, value in submission.baseline.args.items()]
    if submission.limit is not None:
        words += ["--limit", str(submission.limit)]
    return shlex.join([*words, "--wait"])


def _engine_words(engine: EngineSpec) -> list[str]:
    words = [f"--engine-arg={name}={value}" for name, value in engine.args.items()]
    if engine.dtype != "auto":
        words += ["--dtype", engine.dtype]
    if engine.device != "cpu":
        words += ["--device", engine.device, "--gpus", str(engine.gpus)]
    if engine.external_package is not None:
        words += ["--external-package", engine.external_package]
    if engine.architectures:
        words += ["--architectures", ",".join(engine.architectures)]
    return words
