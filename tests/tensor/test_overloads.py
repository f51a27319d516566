"""The words about factors that come before tensors."""

import pytest

import wengert as torch

X = torch.ones(2, 2)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: torch.add(X, 2, X), r"This overload of add is deprecated: .*`add\(..., alpha=...\)`"),
        (lambda: X.clone().sub_(2, X), r"This overload of sub_ is deprecated"),
        (lambda: torch.addmm(2, X, 3, X, X), r"This overload of addmm is deprecated: .*beta=..., alpha=..."),
    ],
)  # fmt: skip
def test_the_older_order_is_told(call, words):
    torch.set_warn_always(True)
    try:
        with pytest.warns(UserWarning, match=words):
            call()
    finally:
        torch.set_warn_always(False)


def test_what_is_no_factor_is_one_argument_too_many():
    with pytest.raises(TypeError, match=r"add\(\) takes 2 positional arguments but 3 were given"):
        torch.add(X, X, X)
    with pytest.raises(TypeError, match="addcmul.*positional"):
        torch.addcmul(X, X, 2, X)
