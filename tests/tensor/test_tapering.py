"""The words of windows' errors, and that periodic windows add up."""

import pytest

import wengert as torch


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: torch.hann_window(-1), RuntimeError, "non-negative window_length, got window_length=-1"),
        (lambda: torch.hann_window(2.0), TypeError, "'window_length' must be int, not float"),
        (lambda: torch.kaiser_window(2, 12.0), TypeError, "'periodic' must be bool, not float"),
        (lambda: torch.hann_window(2, dtype=torch.int64), RuntimeError, "got: torch.int64. Use torch.float32"),
        (lambda: torch.hann_window(2, dtype=torch.complex64), NotImplementedError, "windows are real"),
    ],
)  # fmt: skip
def test_errors_say_what_to_do(call, error, words):
    with pytest.raises(error, match=words):
        call()


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_halves_of_a_periodic_hann_window_add_up_to_one(dtype):
    window = torch.hann_window(16, dtype=dtype)
    assert window.dtype == dtype
    torch.testing.assert_close(window[:8] + window[8:], torch.ones(8, dtype=dtype))
