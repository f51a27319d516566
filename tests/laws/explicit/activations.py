"""Samples of activations, losses, pooling and the like."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.laws.operands import Entries, ints, numbers

REAL_ONLY = """
    hardtanh threshold leaky_relu leaky_slope prelu elu elu_slope softplus softplus_slope mish mish_slope gelu
    gelu_slope gelu_tanh gelu_tanh_slope softsign softsign_slope hardsigmoid hardswish hardshrink softshrink
    log_sigmoid max_pool adaptive_max_pool l1_each huber_each huber_mean huber_sum smooth_l1_each smooth_l1_mean
    smooth_l1_sum bce_each bce_mean bce_sum bce_logits_each bce_logits_mean bce_logits_sum soft_margin_each
    soft_margin_mean soft_margin_sum attention_weights glu nll nll_image""".split()

POOL = {"kernel": (2, 2), "stride": (2, 2), "padding": (0, 0), "dilation": (1, 1), "counts": (2, 3)}
OVERLAPPING = {"kernel": (3,), "stride": (2,), "padding": (1,), "dilation": (1,), "counts": (3,)}
WIDE = {"kernel": (2,), "stride": (1,), "padding": (0,), "dilation": (2,), "counts": (3,)}


def _mean_of(windows: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {k: v for k, v in windows.items() if k != "dilation"} | more


def _samples() -> Entries:
    x, cube, other = numbers(2, 3), numbers(2, 3, 4), numbers(2, 3, seed=1)
    image, line = numbers(1, 2, 4, 6), numbers(2, 5)
    shares = (0.5 + x / 7, 0.5 + other / 8, np.abs(numbers(2, 3, seed=2)))
    weights = np.abs(numbers(3, seed=2)) + 0.1
    maps = (("means", 3, 2), ("linear", 4, 6, 4 / 6, False))
    places = [
        ints([[[[0, 1, 2], [3, 0, 1]], [[1, 1, 3], [2, 0, 0]]]])[0],
        ints([0, 2, 1], [1, 0, 2]),
    ]
    made: Entries = {
        "hardtanh": [((x,), {"low": -1.1, "high": 2.2})],
        "threshold": [((x,), {"limit": 0.1, "value": 5.0})],
        "leaky_relu": [((x,), {"slope": 0.1}), ((x,), {"slope": -2.0})],
        "softplus": [((x,), {"beta": 1.0, "limit": 20.0}), ((x,), {"beta": 2.0, "limit": 1.0})],
        "elu": [((x,), {"factor": 1.5, "scale": 1.1, "rate": 0.7})],
        "hardshrink": [((x,), {"limit": 0.7})],
        "softshrink": [((x,), {"limit": 0.7})],
        "glu": [((cube,), {"dim": 2}), ((x,), {"dim": 0})],
        "max_pool": [((image,), POOL), ((line,), OVERLAPPING), ((line,), WIDE)],
        "avg_pool": [
            ((image,), _mean_of(POOL, include_pad=True, divisor=0)),
            ((line,), _mean_of(OVERLAPPING, include_pad=False, divisor=0)),
            ((line,), _mean_of(OVERLAPPING, include_pad=True, divisor=5)),
        ],
        "avg_spread": [
            ((numbers(1, 2, 2, 3),), _mean_of(POOL, include_pad=True, divisor=0, size=(4, 6))),
            ((x,), _mean_of(OVERLAPPING, include_pad=False, divisor=0, size=(5,))),
        ],
        "unpool": [
            ((numbers(1, 2, 2, 3), places[0]), {**POOL, "size": (4, 6)}),
            ((x, places[1]), {**OVERLAPPING, "size": (5,)}),
        ],
        "pick": [
            ((image, places[0]), {**POOL, "size": (4, 6)}),
            ((line, places[1]), {**OVERLAPPING, "size": (5,)})],
        "flat_positions": [((places[1],), {**OVERLAPPING, "size": (5,)})],
        "unpool_positions": [((ints([0, 2], [1, 3]),), {"rank": 1, "count": 4})],
        "adaptive_max_pool": [((image,), {"counts": (3, 4)}), ((line,), {"counts": (3,)})],
        "im2col": [((image,), POOL), ((line,), OVERLAPPING)],
        "col2im": [((numbers(1, 8, 6),), {**POOL, "size": (4, 6)}), ((numbers(6, 3),), {**OVERLAPPING, "size": (5,)})],
        "resample": [
            ((cube,), {"maps": maps, "back": False}),
            ((numbers(2, 2, 6),), {"maps": maps, "back": True}),
            ((line,), {"maps": (("cubic", 5, 7, 0.7, True),), "back": False}),
            ((numbers(2, 7),), {"maps": (("nearest", 9, 7, 9 / 7),), "back": True}),
            ((numbers(2, 9),), {"maps": (("smooth cubic", 9, 4, 9 / 4, False),), "back": False}),
            ((line,), {"maps": (("nearest-exact", 5, 7, 5 / 7),), "back": False}),
            ((line,), {"maps": (("smooth linear", 5, 3, 5 / 3, False),), "back": False}),
        ],
        "scores": [((x, numbers(4, 3)), {"scale": 0.5}), ((cube, numbers(2, 5, 4)), {"scale": 1.0})],
        "attend": [
            ((numbers(2, 3, 2, 4), numbers(2, 3, 4, 2)), {"by_time": by_time})
            for by_time in (False, True)
        ],
        "attention_weights": [((cube, np.where(cube > 2, -np.inf, 0.1)), {}), ((x, numbers(3)), {})],
        "nll": [
            ((x, ints(2, 0), np.ones(())), {"reduction": "mean", "ignore": -100}),
            ((cube, ints([0, 1, 2, 0], [1, 1, 0, 2]), weights), {"reduction": "none", "ignore": 1}),
            ((cube, ints([0, 1, 2, 0], [1, 1, 0, 2]), weights), {"reduction": "mean", "ignore": 1}),
            ((numbers(3), np.array(1), np.ones(())), {"reduction": "sum", "ignore": -100}),
        ],
        "nll_image": [
            ((numbers(), ints(2, 0), np.ones(())), {"reduction": "mean", "ignore": -100, "shape": (2, 3)}),
            ((numbers(), ints(2, 0), weights), {"reduction": "mean", "ignore": 0, "shape": (2, 3)}),
            ((numbers(2), ints(2, 0), weights), {"reduction": "none", "ignore": -100, "shape": (2, 3)}),
        ],
        "known_classes": [((ints(0, 2, 1),), {"classes": 3, "lowest": 0})],
        "no_negative": [((np.abs(x),), {})],
    }  # fmt: skip
    made["elu_slope"], made["softplus_slope"] = made["elu"], made["softplus"]
    made["leaky_slope"] = made["leaky_relu"]
    for end in ("each", "mean", "sum"):
        made[f"huber_{end}"] = [((x, other), {"delta": 1.3})]
        made[f"smooth_l1_{end}"] = [((x, other), {"beta": 1.3})]
        made[f"bce_{end}"] = [(shares, {})]
        made[f"bce_logits_{end}"] = [((x, other, *map(np.abs, (other, x))), {})]
        made[f"soft_margin_{end}"] = [((x, other), {})]
    return made


ENTRIES = _samples()
