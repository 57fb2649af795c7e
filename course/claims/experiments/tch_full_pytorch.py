"""Does tch bring PyTorch's deep learning to Rust? The same values, at what speed, and how much of PyTorch is there."""

from __future__ import annotations

import re
import time
from pathlib import Path

from course.claims import lanes
from course.claims.coverage import sources
from course.claims.experiment import Evidence, Experiment, Missing, Rule, Run, above
from course.claims.lanes.measure import absences, time_job

__all__ = ["EXPERIMENT"]

_OTHER_NAMES = {
    "BCELoss": "binarycrossentropy",
    "BCEWithLogitsLoss": "binarycrossentropywithlogits",
    "ConstantPad1d": "constantpadnd",
    "ConstantPad2d": "constantpadnd",
    "ConstantPad3d": "constantpadnd",
    "Fold": "col2im",
    "Identity": "id",
    "MaxUnpool1d": "maxunpool2d",
    "MultiLabelSoftMarginLoss": "binarycrossentropywithlogits",
    "RNN": "rnntanh",
    "RNNCell": "rnntanhcell",
    "Softmin": "softmax",
    "Unfold": "im2col",
    "Upsample": "upsamplenearest2d",
    "UpsamplingBilinear2d": "upsamplebilinear2d",
    "UpsamplingNearest2d": "upsamplenearest2d",
    "ZeroPad1d": "constantpadnd",
    "ZeroPad2d": "constantpadnd",
    "ZeroPad3d": "constantpadnd",
}
"""Classes of torch.nn whose work tch does by a tensor's function of another name (written without underscores)."""

TASKS = ("mlp_step", "matmul", "softmax")


def measure(run: Run) -> Evidence:
    """Compare losses, times, functions and layers."""
    evidence = Evidence()
    step = lanes.job("mlp_step")
    if reason := lanes.missing(step.lanes["tch"]):
        evidence.missing.append(Missing("tch", reason))
        return evidence
    run.say(0.0, "importing torch")
    calls = step.ready(step.sizes[0], only=["torch", "tch"]).calls
    difference = step.difference(calls["tch"](), calls["torch"]())
    words = f"losses of five training steps agree to {step.tolerance:g}"
    evidence.count("values", words, float(difference <= step.tolerance), "(1: they do)")
    run.started = time.perf_counter()  # importing torch takes seconds, and is not what is measured
    for name in TASKS:
        job = lanes.job(name)
        for size in job.sizes[:2] if run.quick else job.sizes:
            times = time_job(run, evidence, job, size, ("torch", "tch"), share=0.1)
            if times is not None:
                evidence.ratio("speed", times, "tch", "torch", task=job.title, size=size.text)
    absences(evidence, [lanes.job(name) for name in TASKS])
    found = sources("tch-0.26.*")
    if not found:
        evidence.missing.append(Missing("tch's list of functions", "cargo has not kept the sources of tch here"))
        return evidence
    _coverage(evidence, found[-1] / "src")
    return evidence


def _coverage(evidence: Evidence, source: Path) -> None:
    """Count what of torch's functions and layers tch has, by name."""
    import torch

    generated = (source / "wrappers" / "tensor_fallible_generated.rs").read_text(encoding="utf-8")
    there = set(re.findall(r"pub fn f_(\w+)", generated))
    native = torch._C._VariableFunctions  # noqa: SLF001 - torch lists its own functions nowhere else
    wanted = sorted(name for name in dir(native) if not name.startswith("_"))
    lacking = [name for name in wanted if not _has(name, there)]
    share = 1 - len(lacking) / len(wanted)
    evidence.count("functions", f"functions of torch that tch has, of {len(wanted)}", share, "of all (1: all)")
    evidence.table("Functions of torch that tch lacks", ("function",), [(name,) for name in lacking])
    texts = "\n".join(path.read_text(encoding="utf-8") for path in sorted((source / "nn").glob("*.rs")))
    parts = {name.lower() for name in re.findall(r"^pub (?:struct|fn|type) (\w+)", texts, re.MULTILINE)}
    base = torch.nn.Module
    layers = sorted(
        name
        for name in dir(torch.nn)
        if isinstance(one := getattr(torch.nn, name), type) and issubclass(one, base) and one is not base
    )
    without = [name for name in layers if not _layer(name, parts, there)]
    share = 1 - len(without) / len(layers)
    evidence.count("layers", f"classes of torch.nn that tch has, of {len(layers)}", share, "of all (1: all)")
    evidence.table("Classes of torch.nn that tch lacks", ("class",), [(name,) for name in without])


def _has(name: str, there: set[str]) -> bool:
    """Say whether tch has a function: it writes a variant's arguments behind the name, and some names with g_."""
    return any(one in there for one in (name, f"g_{name}", f"{name}_tensor", f"{name}_dim", f"{name}_scalar"))


def _layer(name: str, parts: set[str], functions: set[str]) -> bool:
    """Say whether tch has a layer: a type or function of its `nn`, or (for what has no weights) a tensor's function."""
    plain = name.lower()
    bare = re.sub(r"[123]d$", "", plain)
    there = {one.replace("_", "").removeprefix("g") for one in functions}
    there |= {one.replace("_", "") for one in parts | functions}
    return bool({plain, bare, bare.removesuffix("loss"), _OTHER_NAMES.get(name, plain)} & there)


EXPERIMENT = Experiment(
    id="tch-full-pytorch",
    claim="tch brings PyTorch's deep learning to Rust.",
    where="Key libraries: tch-rs",
    lanes=("torch", "tch"),
    sizes=("every task's three sizes; a quick run takes two of each",),
    agreement=lanes.agreement(TASKS, ("torch", "tch")),
    rule=Rule(
        "Losses of five training steps agree (values: 1); tch takes at most 1.15 times as long as torch in every task "
        "and at every size, interval and all (speed, at least 0.87 times as fast); and tch has at least nine tenths of "
        "the functions of torch (functions) and of the classes of torch.nn (layers), by name.",
        {"values": above(0.5), "speed": above(0.87), "functions": above(0.9), "layers": above(0.9)},
    ),
    holds="The values are PyTorch's, the speed too, and nearly all of it is there.",
    depends="By some of these measures (values, speed, functions, layers) tch brings PyTorch, by others not.",
    fails="tch computes other values, more slowly, and lacks more than a tenth of PyTorch by either count.",
    would_change="another release of either: tch is generated from one release of libtorch, its layers are not.",
    needs=("rust", "torch"),
    after=(
        (
            "The rule is as it was; how layers are counted was mended after a first run (0.51 of the classes): names "
            "such as MSELoss and mse_loss had not been taken for one."
        ),
    ),
    measure=measure,
)
