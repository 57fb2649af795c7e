"""Why some kinds of lanes are in no job but a few: sentences for `Job.without`."""

from __future__ import annotations

__all__ = ["NETWORKS_ONLY", "NO_RUSTLEARN", "RUSTLEARN_LOGISTIC"]

NO_RUSTLEARN = {"rustlearn": "rustlearn does not have it"}
NETWORKS_ONLY = dict.fromkeys(
    ("torch", "tch"),
    "torch and tch are measured at what networks are made of: matrix products, softmax, training steps",
)
RUSTLEARN_LOGISTIC = {
    "rustlearn": "its logistic regression takes single rows in turn, in f32 and without an intercept: it arrives at "
    "another model"
}
