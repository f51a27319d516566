"""`torch.testing.assert_close`: what passes, what fails, and in which words."""

from __future__ import annotations

import re

import numpy as np
import pytest


def text(torch, call):
    """The message of a failed comparison, its figures rounded; "passes" when it does."""
    try:
        call(torch.testing.assert_close)
    except AssertionError as error:
        return re.sub(r"\d+\.\d{4,}(e[-+]\d+)?", lambda n: f"{float(n[0]):.3g}", str(error))
    return "passes"


@pytest.mark.parametrize(
    "call",
    [
        "close(t([1.0, 2.0]), t([1.0, 2.0 + 1e-7]))",
        "close(t([1.0, 2.0]), t([1.0, 2.1]))",
        "close(t([[1.0, 2.0], [3.0, 4.0]]), t([[1.0, 2.5], [3.0, 9.0]]))",
        "close(t(1.0), t(1.5))",
        "close(t(2), t(0))",
        "close(t(1 + 1j), t(2j))",
        "close(t([1, 2]), t([1, 3]))",
        "close(t([True, False]), t([True, True]))",
        "close(t([1.0]), t([1.0, 2.0]))",
        "close(t([1.0]), t([1]))",
        "close(t([1.0]), t([1]), check_dtype=False)",
        "close(t([1.0]), t([1.2]), rtol=0.5, atol=0.0)",
        "close(t([1.0]), t([1.2]), rtol=0.0, atol=0.1)",
        "close(t([float('nan')]), t([float('nan')]))",
        "close(t([float('nan')]), t([float('nan')]), equal_nan=True)",
        "close(t([float('inf')]), t([float('inf')]))",
        "close(t([1 + 1j]), t([1 + 2j]))",
        "close(1.0, 1.0 + 1e-9)",
        "close(1.0, 1.5)",
        "close(1, 2)",
        "close([t([1.0]), t([2.0])], [t([1.0]), t([3.0])])",
        "close({'a': t([1.0])}, {'a': t([2.0])})",
        "close({'a': t([1.0])}, {'b': t([1.0])})",
        "close([1, 2], [1, 2, 3])",
        "close(None, None)",
        "close(torch.ones(2, 3), torch.ones(3, 2).t(), check_stride=True)",
        "close(t([1.0]), t([2.0]), msg='my words')",
        "close(t([1.0]), t([2.0]), msg=lambda text: 'before: ' + text)",
        "close(t([1.0], dtype=torch.float16), t([1.001], dtype=torch.float16))",
        "close(torch.ones(0), torch.ones(0))",
    ],
)
def test_what_passes_and_what_is_said(torch, call):
    return text(
        torch, lambda close: eval(call, {"close": close, "torch": torch, "t": torch.tensor})
    )


@pytest.mark.parametrize(
    "call",
    [
        "close(torch.ones(1), torch.ones(1), rtol=1.0)",
        "close(torch.ones(1), torch.ones(1), atol=1.0)",
        "close(torch.ones(1), 'a')",
        "close('a', 'a')",
        "close(object(), object())",
    ],
)
def test_what_cannot_be_compared(torch, caught, call):
    error = caught(lambda: eval(call, {"close": torch.testing.assert_close, "torch": torch}))
    assert isinstance(error, Exception)
    return error


KINDS = {
    "tensor": "torch.tensor(1.0)", "double": "torch.tensor(1.0).double()",
    "parameter": "torch.nn.Parameter(torch.ones(()))",
    "float": "1.0", "int": "1", "bool": "True", "complex": "1 + 0j",
    "np.float32": "np.float32(1)", "np.int64": "np.int64(1)",
    "np.bool": "np.bool_(True)", "array": "np.array(1.0)",
    "list": "[1.0]", "tuple": "(1.0,)", "None": "None", "str": "'a'",
    "set": "{1}", "other float": "2.0", "vector": "torch.ones(2)",
}  # fmt: skip


@pytest.mark.parametrize("options", ["", "check_dtype=False", "allow_subclasses=False"])
@pytest.mark.parametrize("actual", KINDS)
def test_what_may_be_compared_with_what(torch, caught, actual, options):
    names = {"torch": torch, "np": np}
    outcomes = []
    for expected in KINDS:
        a, e = (eval(KINDS[kind], names) for kind in (actual, expected))
        error = caught(
            lambda a=a, e=e: torch.testing.assert_close(a, e, **eval(f"dict({options})"))
        )
        if isinstance(error, RuntimeError) and not isinstance(error, TypeError):
            error = TypeError("what PyTorch stumbles over: a bool beside a number")
        outcomes.append(
            (error, str(error).partition("\\n")[0] if isinstance(error, AssertionError) else "")
        )
    return outcomes
