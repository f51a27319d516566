"""`nn.grad`: the gradients of convolutions as functions, and what they refuse."""

import pytest

SETTINGS = {
    "plain": {},
    "strides": {"stride": 2, "padding": 1},
    "a stride that leaves some out": {"stride": 3},
    "each of its own": {"stride": [2, 1, 2], "padding": (1, 0, 2), "dilation": (1, 2, 1)},
    "groups": {"groups": 2, "padding": (1,)},
    "dilation": {"dilation": 2, "padding": 2, "groups": 2},
}
DTYPES = ["float64", "float32", "float16", "bfloat16"]


def waves(torch, *shape):
    count = torch.Size(shape).numel()
    return (torch.arange(count, dtype=torch.float64).reshape(shape) * 1.7).sin()


def given(torch, rank, settings, dtype="float64"):
    settings = {
        k: v if k == "groups" or isinstance(v, int) else v[:rank] for k, v in settings.items()
    }
    sizes, groups = (7, 6, 8)[:rank], settings.get("groups", 1)
    x = waves(torch, 2, 4, *sizes)
    w = waves(torch, 6, 4 // groups, *(3, 2, 3)[:rank])
    y = getattr(torch.nn.functional, f"conv{rank}d")(x, w, **settings)
    ct = waves(torch, *y.shape)
    dtype = getattr(torch, dtype)
    return *(t.to(dtype).requires_grad_() for t in (x, w, ct)), settings


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("case", SETTINGS)
def test_values_and_gradients(torch, rank, case):
    x, w, ct, settings = given(torch, rank, SETTINGS[case])
    of_input = getattr(torch.nn.grad, f"conv{rank}d_input")(x.shape, w, ct, **settings)
    of_weight = getattr(torch.nn.grad, f"conv{rank}d_weight")(x, w.shape, ct, **settings)
    print(of_input.grad_fn.name(), of_weight.grad_fn.name(), of_input.stride(), of_weight.stride())
    (of_input * of_input).sum().backward()
    (of_weight.cos() * of_weight).sum().backward()
    return of_input, of_weight, x.grad, w.grad, ct.grad


@pytest.mark.parametrize("dtype", DTYPES)
def test_dtypes(torch, dtype):
    x, w, ct, settings = given(torch, 2, SETTINGS["groups"], dtype)
    of_input = torch.nn.grad.conv2d_input(list(x.shape), w, ct, **settings)
    return of_input, torch.nn.grad.conv2d_weight(x, tuple(w.shape), ct, **settings)


def test_where_they_are_found(torch):
    print(torch.nn.functional.grad is torch.nn.grad)
    x, w, ct, _ = given(torch, 1, {})
    return torch.nn.grad.conv1d_input(x.shape, w, ct, 1, 0, 1, 1)


def test_the_gradient_of_a_convolution_is_one_too(torch):
    x, w, ct, _ = given(torch, 1, {})
    found = torch.autograd.grad(torch.nn.functional.conv1d(x, w), (x, w), ct, create_graph=True)
    print([g.grad_fn.name() for g in found])
    return found


def test_empty_batches(torch):
    x, w, ct, _ = given(torch, 2, {})
    of_input = torch.nn.grad.conv2d_input((0, 4, 7, 6), w, ct[:0])
    return of_input, torch.nn.grad.conv2d_weight(x[:0], w.shape, ct[:0])


FAULTS = [
    "conv2d_input(x.shape, w, ct, groups=3)",
    "conv2d_input(x.shape, w, ct, groups=0)",
    "conv2d_input(x.shape[1:], w, ct[0])",
    "conv2d_weight(x[0], w.shape, ct[0])",
    "conv2d_input(x.shape, w, ct[0])",
    "conv2d_input((2, 6, 7, 6), w, ct)",
    "conv2d_input(x, w, ct)",
    "conv2d_input((7,), w, ct)",
    "conv2d_input(x.shape, w[0], ct)",
    "conv2d_input(x.shape, w, ct, stride=0)",
    "conv2d_input(x.shape, w, ct, padding=-1)",
    "conv2d_input(x.shape, w, ct, padding=(1, 1, 1))",
    "conv2d_input(x.shape, w, ct, padding='same')",
    "conv2d_input((2, -4, 7, 6), w, ct)",
    "conv2d_input(x.shape, w.detach().long(), ct.detach().long())",
    "conv2d_input(x.shape, w + 1j, ct + 1j)",
    "conv2d_weight(x, (6, 3, 3, 2), ct)",
    "conv2d_weight(x, (6, 4, 3), ct)",
    "conv2d_weight(x, w, ct)",
    "conv2d_weight(x.float(), w.shape, ct)",
    "conv2d_weight(x, (6, 4, 9, 2), ct)",
    "conv2d_sideways(x, w.shape, ct)",
]


@pytest.mark.parametrize("call", FAULTS)
def test_faults(torch, refused, call):
    x, w, ct, _ = given(torch, 2, {})
    return refused(
        lambda: eval(f"torch.nn.grad.{call}", {"torch": torch, "x": x, "w": w, "ct": ct}), x, w
    )
