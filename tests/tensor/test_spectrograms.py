"""`stft` and `istft`: the words of their errors, each other's inverses, transforms."""

import pytest

import wengert as torch
from wengert.trace import trace

X, WINDOW = torch.sin(torch.arange(40.0) ** 1.3), torch.hann_window(8)
S = torch.stft(X, 8, window=WINDOW, return_complex=True)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: torch.stft(X, 8, window=WINDOW), RuntimeError, "Use return_complex=True"),
        (lambda: torch.stft(X + 0j, 8, window=WINDOW, onesided=True), RuntimeError, "Use onesided=False"),
        (lambda: torch.stft(X[None, None], 8, window=WINDOW), RuntimeError, r"but got shape \[1, 1, 40\].*reshape"),
        (lambda: torch.stft(X, 8, window=WINDOW[:5], return_complex=True), RuntimeError, r"win_length=8, .*\[5\]"),
        (lambda: torch.stft(X, 8, -1, window=WINDOW, return_complex=True), RuntimeError, "got hop_length=-1"),
        (lambda: torch.stft(X, 8, 2, 9, WINDOW, return_complex=True), RuntimeError, "win_length=9 and n_fft=8"),
        (lambda: torch.stft(X, 0, 2, 9, WINDOW, return_complex=True), RuntimeError, "n_fft > 0, but got n_fft=0"),
        (lambda: torch.stft(X, 8.0, window=WINDOW), TypeError, "'n_fft' must be int, not float"),
        (
            lambda: torch.stft(X[:7], 8, window=WINDOW, center=False, return_complex=True),
            RuntimeError,
            "<= 7, the length of the signal, but got n_fft=8. Use center=True",
        ),
        (
            lambda: torch.stft(X.half(), 8, window=WINDOW, return_complex=True),
            RuntimeError,
            r"but got torch.float16. Use `input.float\(\)`",
        ),
        (
            lambda: torch.stft(X, 8, window=WINDOW, return_complex=True, align_to_window=True),
            RuntimeError,
            "only be set when center = false",
        ),
        (lambda: torch.istft(S.real, 8, window=WINDOW), RuntimeError, "got torch.float32. Use `torch.view_as_complex`"),
        (lambda: torch.istft(S, 7, window=WINDOW), RuntimeError, r"onesided=True, but got 5 of shape \[5, 21\]"),
        (lambda: torch.istft(S[0], 8, window=WINDOW), RuntimeError, r"or a batch of these.*\[21\]"),
        (lambda: torch.istft(S, 8, 9, window=WINDOW), RuntimeError, "<= win_length, but got 9 and 8"),
        (lambda: torch.istft(S, 8, 8, window=WINDOW), RuntimeError, "do not cover the signal.*smaller hop_length"),
        (lambda: torch.istft(S, 8, window=WINDOW, length=0), RuntimeError, "expected length > 0, but got length=0"),
        (lambda: torch.istft(S[:, :1], 8, window=WINDOW), RuntimeError, "nothing of it is left. Use center=False"),
        (lambda: torch.istft(S, 8, window=WINDOW + 0j), RuntimeError, "Complex windows are incompatible"),
        (lambda: torch.istft(S, 8, window=WINDOW, return_complex=True), RuntimeError, "Cannot have onesided output"),
    ],
)  # fmt: skip
def test_errors_say_what_to_do(call, error, words):
    with pytest.raises(error, match=words):
        call()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: torch.stft(X, 8, return_complex=True), "Pass one such as `torch.hann_window"),
        (
            lambda: torch.stft(X, 8, window=WINDOW, return_complex=False),
            "`torch.view_as_real` of it",
        ),
        (
            lambda: torch.istft(S, 8, window=WINDOW, length=60),
            "signal, 44, is shorter than the length parameter 60",
        ),
    ],
)
def test_warnings(call, words):
    with pytest.warns(UserWarning, match=words):
        call()


def test_a_signal_comes_back():
    torch.testing.assert_close(torch.istft(S, 8, window=WINDOW, length=40), X)


def test_there_and_back_under_vmap_and_to_second_order():
    window = torch.hann_window(8).double()
    signals = torch.sin(torch.arange(48.0).double() ** 1.3).reshape(2, 24)

    def power(x):
        return torch.stft(x, 8, window=window, return_complex=True).abs() ** 2

    both = torch.func.vmap(power)(signals)
    torch.testing.assert_close(both, power(signals))
    x = signals[0].clone().requires_grad_()
    assert torch.autograd.gradcheck(power, (x,))
    assert torch.autograd.gradgradcheck(power, (x,))

    def back(s):
        return torch.istft(s, 8, window=window)

    spectra = torch.stft(signals[0], 8, window=window, return_complex=True).requires_grad_()
    assert torch.autograd.gradcheck(back, (spectra,))


def test_a_trace_checks_the_window_again():
    def back(s, window):
        return torch.istft(s, 8, window=window)

    traced = trace(back, S, WINDOW)
    torch.testing.assert_close(traced(S, WINDOW), back(S, WINDOW))
    with pytest.raises(RuntimeError, match="do not cover"):
        traced(S, WINDOW * 0)
