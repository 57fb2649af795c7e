"""Lanes that stand on crates, tch and torch give what the lanes without them give."""

from __future__ import annotations

import pytest

from course.claims import lanes


def with_crates() -> list[tuple[str, str]]:
    return [
        (name, lane) for name in lanes.names() for lane, one in lanes.job(name).lanes.items() if "crates" in one.needs
    ]


@pytest.mark.needs("rust", "crates")
@pytest.mark.parametrize(("name", "lane"), with_crates())
def test_a_lane_with_crates_agrees(name: str, lane: str) -> None:
    job = lanes.job(name)
    base = next(iter(job.lanes))
    ready = job.ready(job.sizes[0], only=[base, lane])
    assert not ready.missing
    job.check(ready.calls)


@pytest.mark.needs("rust", "crates", "torch")
@pytest.mark.parametrize("name", ["matmul", "softmax", "mlp_step"])
def test_tch_and_torch_agree_with_numpy(name: str) -> None:
    job = lanes.job(name)
    ready = job.ready(job.sizes[0], only=["numpy", "torch", "tch"])
    assert not ready.missing
    job.check(ready.calls)
