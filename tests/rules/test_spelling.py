"""What messages call rows: names that programs write."""

import wengert as torch
from wengert.rules import BOOK

HOLDERS = (torch, torch.nn.functional, torch.linalg, torch.special, torch.fft, torch.Tensor)
INNER = (
    # Bessel functions of every order, and what integrals are sums over.
    "bessel_i bessel_j bessel_k bessel_y scaled_bessel_i scaled_bessel_k standard_gamma dirichlet",
    # Polynomials, which `torch.special` has under longer names.
    "chebyshev_t chebyshev_u chebyshev_v chebyshev_w hermite_h hermite_he laguerre_l legendre_p",
    # One name for one, two and three dimensions; layers.
    "adaptive_max_pool avg_pool max_pool fractional_max_pool convolution rnn",
    # Steps of other rows, which save nothing of the user's.
    "keep_where place twice",
)


def public(words: str) -> bool:
    """Whether all names in what a row is called are names of public functions, or what stands in their place."""
    inner = {name for line in INNER for name in line.split()}
    for name in words.removeprefix("backward of ").replace(" or ", ", ").split(", "):
        spelled = any(hasattr(holder, name) for holder in HOLDERS)
        if not (spelled or name in inner or name.startswith(("x[...]", "Adam"))):
            return False
    return True


def test_rows_that_save_what_a_program_may_write_to_are_called_as_the_program_does():
    saving = [row for row in BOOK.values() if row.keep and row.node is not None]
    assert [row.name for row in saving if not public(row.spoken)] == []


def test_rows_are_called_by_the_name_that_they_declare_or_by_their_own():
    assert BOOK["mm_each"].spoken == "matmul" and BOOK["exp"].spoken == "exp"
