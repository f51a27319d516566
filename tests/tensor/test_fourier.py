"""`torch.fft`: the words of errors, inverses, carriers, empty batches, when SciPy is loaded."""

import subprocess
import sys

import pytest

import wengert as torch
from wengert.trace import trace

X = torch.sin(torch.arange(24.0).double() ** 1.3).reshape(2, 3, 4)
C = torch.complex(X, X.flip(0))
F = torch.fft


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: F.fft([1.0]), TypeError, "fft.fft\\(\\): argument 'input' must be Tensor, not list"),
        (lambda: F.fft(X, n=2.5), TypeError, "fft.fft\\(\\): argument 'n' must be int, not float"),
        (lambda: F.rfft(X, n=True), TypeError, "argument 'n' must be int, not bool"),
        (lambda: F.fft(X, dim=(0,)), TypeError, "argument 'dim' must be int, not tuple"),
        (lambda: F.fft(X, norm=1), TypeError, "argument 'norm' must be str, not int"),
        (lambda: F.fft(X, norm="root"), RuntimeError, 'Invalid .* "root". Use "backward", "ortho" or "forward"'),
        (lambda: F.ifft(X, n=0), RuntimeError, r"of data points \(0\) specified, .* shape \[2, 3, 4\].*1 or more"),
        (lambda: F.irfft(torch.ones(1)), RuntimeError, r"fft.irfft: Invalid number of data points \(0\)"),
        (lambda: F.fft(X, dim=3), IndexError, r"fft.fft: Dimension out of range \(expected .* \[-3, 2\], but got 3\)"),
        (lambda: F.fft(torch.tensor(1.0)), IndexError, r"no dimensions. Use `input.reshape\(1\)`"),
        (lambda: F.hfft(X.half()), RuntimeError, r"dtype torch.float16.*\[2, 3, 4\]. Use `input.float\(\)`"),
        (lambda: F.rfft(C), RuntimeError, r"fft.rfft expects a real .* torch.complex128 of shape.*`torch.fft.fft` for"),
        (lambda: F.rfft2(C), RuntimeError, r"`input.real`, or `torch.fft.fft2` for complex"),
        (lambda: F.ihfftn(C), RuntimeError, r"`torch.fft.ifftn` for complex"),
        (lambda: F.fftn(X, s=(2.5,)), TypeError, "fft.fftn\\(\\): argument 's' must be tuple of ints, but found"),
        (lambda: F.fft2(X, dim=None), TypeError, "not NoneType. `torch.fft.fftn` takes all dimensions"),
        (lambda: F.fftn(X, dim=(0, -3)), RuntimeError, r"FFT dims must be unique, but got dim=\(0, -3\)"),
        (lambda: F.fftn(X, (2, 2), (1,)), RuntimeError, r"the same length, but got dim=\(1,\) and s=\(2, 2\)"),
        (lambda: F.fftn(X, (1,) * 4), RuntimeError, r"s with 4 values but .* 3 dimensions: its shape is \[2, 3, 4\]"),
        (lambda: F.rfftn(X, dim=()), RuntimeError, r"fft.rfftn must transform at least one axis, .*dim=\(\)"),
        (lambda: F.fft(X, out=1), TypeError, "fft.fft\\(\\): argument 'out' must be Tensor, not int"),
        (lambda: F.fft(X, out=torch.ones(2, 3, 4)), RuntimeError, "fft.fft.*can't be cast to .* torch.float32"),
        (lambda: F.fftshift(torch.tensor(1.0)), RuntimeError, "fft.fftshift: there is no dimension to move"),
        (lambda: F.fftshift(X, dim="a"), TypeError, "fftshift\\(\\): argument 'dim' must be tuple of ints, but found"),
        (lambda: F.fftfreq(2.0), TypeError, "fft.fftfreq\\(\\): argument 'n' must be int, not float"),
        (lambda: F.fftfreq(2, "a"), TypeError, "argument 'd' must be float, not str"),
        (lambda: F.fftfreq(-2), RuntimeError, r"negative dimension -2: \[-2\]"),
        (lambda: F.fftfreq(2, dtype=torch.int32), RuntimeError, "fft.fftfreq requires .* torch.int32. Use torch.float"),
        (lambda: F.rfftfreq(2, dtype=torch.complex64), NotImplementedError, "frequencies are real. Use `.to"),
    ],
)  # fmt: skip
def test_errors_say_what_to_do(call, error, words):
    with pytest.raises(error, match=words):
        call()


@pytest.mark.parametrize("norm", ["backward", "ortho", "forward"])
@pytest.mark.parametrize("n", [4, 5])
def test_inverses(norm, n):
    x = X[..., :1].expand(2, 3, n).clone() + torch.arange(n)
    for there, back in ((F.rfft, F.irfft), (F.ihfft, F.hfft)):
        torch.testing.assert_close(back(there(x, norm=norm), n, norm=norm), x)
    for there, back in ((F.rfftn, F.irfftn), (F.ihfftn, F.hfftn)):
        torch.testing.assert_close(back(there(x, norm=norm), x.shape, norm=norm), x)
    torch.testing.assert_close(F.ifftn(F.fftn(C, norm=norm), norm=norm), C)


def test_gradcheck_in_the_complex_domain():
    x, c = X.clone().requires_grad_(), C.clone().requires_grad_()
    for f, z in (
        (lambda z: F.fft2(z, (2, 5)), c), (lambda z: F.rfftn(z, (3, 3), (2, 0)), x),
        (lambda z: F.irfft2(z, (4, 5)), c), (lambda z: F.hfftn(z, dim=(1, 2)), c), (lambda z: F.ihfft2(z), x),
    ):  # fmt: skip
        assert torch.autograd.gradcheck(f, z)
        assert torch.autograd.gradgradcheck(f, z)


def test_an_axis_may_be_mapped_anywhere():
    for f in (
        lambda x: F.rfft(x, 5),
        lambda x: F.fftn(x),
        lambda x: F.irfftn(x, dim=(1, 0)),
        lambda x: F.fftshift(x),
    ):
        for place in range(3):
            mapped = torch.vmap(f, in_dims=place)(X)
            torch.testing.assert_close(mapped, torch.stack([f(x) for x in X.unbind(place)]))


def test_a_trace_repeats_a_filter():
    def loss(x):
        return F.irfft(F.rfft(x) * 0.5, x.shape[-1]).square().sum()

    traced = trace(torch.func.grad(loss), X)
    torch.testing.assert_close(traced(X + 1), torch.func.grad(loss)(X + 1))


def test_a_batch_without_elements():
    # PyTorch refuses it where MKL computes, and not where another library does.
    assert F.fft(torch.zeros(0, 4)).shape == (0, 4)
    assert F.irfft(torch.zeros(2, 0, 4)).shape == (2, 0, 6)


def test_a_refused_out_is_as_it_was():
    out = torch.ones(2, 3, 4)
    with pytest.raises(RuntimeError):
        F.fft(X, out=out)
    assert (out == 1).all()
    x = X.clone().requires_grad_()
    with pytest.raises(RuntimeError, match="fft.ifft\\(\\): functions with out=... arguments"):
        F.ifft(x, out=torch.zeros_like(C))


def test_it_is_torch_fft_and_loads_scipy_on_first_use():
    program = (
        "import sys, wengert; wengert.install_as_torch()\n"
        "import torch, torch.fft\nfrom torch.fft import fft, irfftn\n"
        "assert torch.fft is wengert.fft and fft is wengert.fft.fft\n"
        "assert 'scipy' not in sys.modules\n"
        "fft(torch.ones(3)); assert 'scipy.fft' in sys.modules\n"
        "try: torch.fft.nope\n"
        "except AttributeError as error: print(error)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "torch.fft" in answer.stdout and "nope" in answer.stdout
