"""From a job to an experiment's evidence: check the lanes of one size, time them in turns, name what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from course.claims.experiment import Evidence, Missing, Run
from course.claims.lanes import roofline
from course.claims.lanes.job import KINDS, Job, Size
from course.claims.protocol import Times

__all__ = ["absences", "fastest", "limit_rows", "time_job", "uncounted"]


def time_job(
    run: Run, evidence: Evidence, job: Job, size: Size, only: Iterable[str], *, share: float, threads: int = 1
) -> Times | None:
    """Time lanes of a job that can run here; None where fewer than two can.

    share: the part of the experiment's time that these turns may take. The first lane that can run is the base. What
    cannot run is named in the evidence, unless it is only too slow at this size.

    Raises `LanesDisagree` before anything is timed.
    """
    run.say(run.begun, f"{job.title}, {size.text}")
    run.begun += share
    wanted = [name for name in only if name in job.lanes]
    ready = job.ready(size, only=wanted, threads=threads)
    for name, reason in ready.missing.items():
        if job.lanes[name].needs and all(one.lane != name for one in evidence.missing):
            evidence.missing.append(Missing(name, reason))
    if len(ready.calls) < 2:
        return None
    job.check(ready.calls, threads)
    times = run.time(ready.calls, agree=None, threads=threads, seconds=share * run.seconds)
    title = job.title if threads == 1 else f"{job.title}, {threads} threads"
    evidence.times(title, float(size.count), times)
    if job.notes:
        evidence.remarks[job.title, ""] = " ".join(job.notes)
    evidence.remarks.update({(job.title, name): job.lanes[name].note for name in times.seconds if job.lanes[name].note})
    return times


def fastest(times: Times, among: Sequence[str]) -> str | None:
    """Return the lane with the least median time among those that were timed; None where none was."""
    return min((name for name in among if name in times.seconds), key=times.median, default=None)


def limit_rows(job: Job, size: Size, times: Times) -> list[tuple[str, str, str, str]]:
    """Return a row for each lane where operations or bytes are counted: task, lane, GFLOP/s, share of the limit."""
    if job.flops is None and job.moved is None:
        return []
    roof = roofline.measure(1)
    rows = []
    for lane in times.seconds:
        share = roof.share(job, size, times.median(lane))
        speed = f"{job.flops(size) / times.median(lane) / 1e9:.3g}" if job.flops else "not counted"
        if job.flops or share:
            rows.append((f"{job.title}, {size.text}", lane, speed, f"{share:.0%}" if share else ""))
    return rows


def uncounted(jobs: Iterable[Job]) -> str:
    """Say of which jobs no limit is known, and why; "" where all are counted."""
    reasons = [f"{job.title} ({job.uncounted})" for job in jobs if job.uncounted]
    return f" No limit is counted for {'; '.join(reasons)}." if reasons else ""


def absences(evidence: Evidence, jobs: Iterable[Job]) -> None:
    """Add the table of the kinds of lanes that each job has not, with the reasons; nothing where all have all."""
    rows = [(job.title, kinds, reason) for job in jobs for kinds, reason in job.absent()]
    if rows:
        columns = ("task", "no lane of", "why")
        evidence.table("Lanes that a task has not", columns, rows, f"Asked for are {', '.join(KINDS)}.")
