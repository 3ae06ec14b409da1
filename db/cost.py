"""What a run cost: how long its jobs held GPUs; pure."""

from __future__ import annotations

from collections.abc import Sequence

from db.jobs import JobRecord

_NO_GPU = ("cpu:", "remote:")


def gpu_minutes(jobs: Sequence[JobRecord]) -> float | None:
    """Return GPUs times minutes over all jobs that have ended; None where a job did not note what it held.

    A job holds its devices from its claim to its end. Of an attempt that was given up only the time until its last
    phase began is known, and counted.
    """
    total = 0.0
    for job in jobs:
        engines = (job.spec.engine, job.spec.opponent)
        if not job.timeline or not any(one is not None and one.device == "cuda" for one in engines):
            continue
        if "devices" not in job.facts:
            return None
        gpus = sum(not str(device).startswith(_NO_GPU) for device in job.facts["devices"])
        total += gpus * held_seconds(job) / 60
    return total


def held_seconds(job: JobRecord) -> float:
    """Return how long a job's attempts held their devices, in seconds; a running one until its last phase began."""
    spans: dict[int, list[float]] = {}
    for entry in job.timeline:
        spans.setdefault(entry.get("attempt", 0), []).append(entry["at"])
    if spans and job.finished_at is not None:
        spans[max(spans)].append(job.finished_at.timestamp())
    return sum(max(times) - min(times) for times in spans.values())
