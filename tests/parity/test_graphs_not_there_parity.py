"""`torch.fx` and `torch.ops` as far as programs use them that trace nothing and load no operators."""

import pytest


def half(x):
    return x / 2


# `eval` runs at the top level of a module, as `wrap` wants it.
@pytest.mark.parametrize(
    "call",
    [
        "torch.fx.wrap(half) is half",
        "torch.fx.wrap('half')",
        "torch.fx.wrap(half)(torch.tensor(3.0))",
        "torch.fx.has_side_effect(half) is half",
        "repr(torch.ops.nobodys), hasattr(torch.ops.nobodys, 'nms'), torch.ops.nobodys is torch.ops.nobodys",
        "torch.ops.loaded_libraries",
    ],
)
def test_what_is_there(torch, call):
    print(eval(call, {"torch": torch, "half": half}))


@pytest.mark.parametrize(
    "call", ["torch.fx.wrap(3)", "torch.ops.nobodys.nms", "torch.ops.load_library('nobodys.so')"]
)
def test_faults(torch, refused, call):
    return refused(lambda: eval(call, {"torch": torch}))


@pytest.mark.parametrize("given", [half, "half"])
def test_wrap_within_a_function(torch, refused, given):
    return refused(lambda: torch.fx.wrap(given))
