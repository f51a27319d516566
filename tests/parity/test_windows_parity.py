"""Windows: every length, both kinds, dtypes, refusals."""

import pytest

NAMES = ["hann_window", "hamming_window", "blackman_window", "bartlett_window", "kaiser_window"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("periodic", [True, False])
def test_values(torch, name, periodic):
    window = getattr(torch, name)
    return [window(n, periodic, dtype=torch.float64) for n in (0, 1, 2, 3, 4, 7, 32)]


CALLS = [
    "{}(6)", "{}(6, False)", "{}(window_length=5, periodic=False, requires_grad=True)", "{}(torch.tensor(3))",
    "{}(4, dtype=torch.float32, layout=torch.strided, device='cpu', pin_memory=False)",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("call", CALLS)
def test_arguments(torch, name, call):
    made = eval("torch." + call.format(name), {"torch": torch})
    return made, made.dtype, made.requires_grad


PARAMETERS = [
    "hamming_window(6, True, 0.6)", "hamming_window(6, False, 0.6, 0.3)", "hamming_window(6, True, alpha=1.0)",
    "kaiser_window(6, True, 3)", "kaiser_window(6, False, beta=-3.0)", "kaiser_window(6, True, 0.0)",
]  # fmt: skip


@pytest.mark.parametrize("call", PARAMETERS)
def test_parameters(torch, call):
    return eval(f"torch.{call}", {"torch": torch})


REFUSED = [
    "{}(-1)", "{}(5.0)", "{}(True)", "{}('5')", "{}(3, 1)", "{}(5, dtype=torch.int64)", "{}(5, dtype=torch.bool)",
    "{}(5, dtype=torch.complex64)", "{}(5, out=torch.ones(5))", "{}()",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("call", REFUSED)
def test_refusals(torch, refused, name, call):
    return refused(lambda: eval("torch." + call.format(name), {"torch": torch}))
