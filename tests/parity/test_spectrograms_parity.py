"""`stft` and `istft` beyond PyTorch's op database: every argument, gradients of signals and windows, refusals."""

import warnings

import pytest


def names(torch):
    x = torch.sin(torch.arange(80.0).double() ** 1.3).reshape(2, 40).requires_grad_()
    w = (torch.hann_window(8).double() + 0.1).requires_grad_()
    with torch.no_grad():
        s = torch.stft(x, 8, window=w, return_complex=True)
        two = torch.stft(x, 8, window=w, onesided=False, return_complex=True)
    return {
        "torch": torch, "x": x, "w": w, "c": torch.complex(x, x.flip(1)), "s": s.requires_grad_(),
        "two": (two * (1 + 0.5j)).requires_grad_(),
    }  # fmt: skip


CALLS = [
    "stft(x, 8, window=w, return_complex=True)", "stft(x[0], 8, window=w, return_complex=True)",
    "stft(x[0], 8, return_complex=True)", "stft(x, 8, window=w, return_complex=False)",
    "stft(x, 8, 3, 6, window=w[:6], return_complex=True)", "stft(x, 9, 2, 6, window=w[:6], return_complex=True)",
    "stft(x, 8, 3, 6, return_complex=True)", "stft(c, 8, window=w)", "stft(c[0], 8, window=w, return_complex=False)",
    "stft(x, 8, window=w, onesided=False, return_complex=True)", "stft(x, 8, window=w + 0j, return_complex=True)",
    "stft(x, 8, window=w, center=False, return_complex=True)", "stft(x, 7, hop_length=5, return_complex=True)",
    "stft(x, 8, window=w, pad_mode='constant', return_complex=True)",
    "stft(x, 8, window=w, pad_mode='circular', normalized=True, return_complex=True)",
    "stft(x, 8, 3, 5, window=w[:5], center=False, return_complex=True, align_to_window=True)",
    "x.stft(8, window=w, return_complex=True)",
    "stft(x, 40, center=False, return_complex=True)",
    "istft(s, 8, window=w)", "istft(s[0], 8, window=w)", "istft(s, 8, window=w, length=38)",
    "istft(s, 8, window=w, length=60)", "istft(s[0], 8, window=w, length=44)", "istft(s, 8, window=w, length=10)",
    "istft(s, 8, window=w, center=False)", "istft(s, 8)", "istft(s, 8, 3, window=w)", "istft(s, 9)",
    "istft(s, 8, window=w, normalized=True)", "istft(two, 8, window=w)", "istft(two, 8, window=w, return_complex=True)",
    "istft(two, 8, window=w + 0.1j, onesided=False, return_complex=True)", "istft(s, 8, 2, 6, window=w[:6])",
    "s.istft(8, window=w)",
]  # fmt: skip


@pytest.mark.parametrize("call", CALLS)
def test_values_and_gradients(torch, call):
    given = names(torch)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = eval(call if call[1] == "." else f"torch.{call}", given)
    parts = torch.view_as_real(made) if made.is_complex() else made
    (parts * parts).sum().backward()
    gradients = [given[n].grad for n in ("x", "w", "s", "two")]
    return made, gradients, made.grad_fn.name(), made.stride()


REFUSED = [
    "stft(x, 8, window=w)", "stft(c, 8, window=w, onesided=True)", "stft(x, 0, window=w, return_complex=True)",
    "stft(x, 80, return_complex=True)", "stft(x, 80, center=False, return_complex=True)",
    "stft(x, 8, 0, window=w, return_complex=True)", "stft(x, 8, win_length=9, window=w, return_complex=True)",
    "stft(x, 8, win_length=0, window=w, return_complex=True)", "stft(x, 8, window=w[:5], return_complex=True)",
    "stft(x, 8, window=w[None], return_complex=True)", "stft(x[None], 8, window=w, return_complex=True)",
    "stft(x.long(), 8, window=w, return_complex=True)", "stft(x, 8, window=w, pad_mode='a', return_complex=True)",
    "stft(x, 8, window=w, return_complex=True, align_to_window=True)", "stft(x, 8.5, return_complex=True)",
    "istft(s, 8, 9, window=w)", "istft(s, 8, window=w, onesided=False)", "istft(s, 8, window=w, return_complex=True)",
    "istft(s.real, 8, window=w)", "istft(torch.view_as_real(s), 8, window=w)", "istft(s, 7, window=w)",
    "istft(s[None], 8, window=w)", "istft(s, 8, window=w[:5])", "istft(s, 8, window=w + 0j)",
    "istft(s[:, :, :0], 8, window=w)", "istft(s, 8, 0, window=w)", "istft(s, 0)", "istft(s, 8, window=w * 0)",
    "istft(s, 8, 2, 9, window=w)", "istft(s[:, :, :1], 8, window=w)",
    "istft(s, 8, 8, window=torch.hann_window(8).double())",
]  # fmt: skip


@pytest.mark.parametrize("call", REFUSED)
def test_refusals(torch, refused, call):
    given = names(torch)

    def run():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            eval(f"torch.{call}", given)

    return refused(run, given["x"], given["s"])
