"""`torch.signal.windows`: values of all windows, their options, and faults."""

import pytest

WINDOWS = ["bartlett", "blackman", "cosine", "exponential", "gaussian", "hamming", "hann", "kaiser", "nuttall",
           "general_hamming", "general_cosine"]  # fmt: skip
OPTIONS = {
    "exponential": [{"tau": 3.0}, {"tau": 0.5, "center": 2.0, "sym": False}], "gaussian": [{"std": 2.5}],
    "kaiser": [{"beta": 0.0}, {"beta": 5.5}], "general_hamming": [{"alpha": 0.7}],
    "general_cosine": [{"a": [0.3, 0.4, 0.3]}, {"a": (1.0,)}],
}  # fmt: skip


@pytest.mark.parametrize("M", [0, 1, 2, 3, 8, 11])
@pytest.mark.parametrize("sym", [True, False])
@pytest.mark.parametrize("name", WINDOWS)
def test_values(torch, name, sym, M):
    window = getattr(torch.signal.windows, name)
    plain = {"a": [0.5, 0.5]} if name == "general_cosine" else {}
    found = [window(M, sym=sym, **plain), window(M, sym=sym, dtype=torch.float64, **plain)]
    for options in OPTIONS.get(name, []):
        if options.get("sym", sym) == sym:
            found.append(window(M, **{"sym": sym, "dtype": torch.float64, **options}))
    return found


def test_options(torch):
    w = torch.signal.windows.hann(4, requires_grad=True, layout=torch.strided, device="cpu")
    torch.set_default_dtype(torch.float64)
    try:
        return w.requires_grad, w.detach(), torch.signal.windows.gaussian(3)
    finally:
        torch.set_default_dtype(torch.float32)


FAULTS = """hann(-1)
hann(3, dtype=torch.int64); hann(3, dtype=torch.float16); exponential(3, tau=0); gaussian(3, std=-1.0)
exponential(3, center=1.0); kaiser(3, beta=-1.0); general_cosine(3, a=[]); general_cosine(3, a=2.0); general_cosine(3)
hann(3, bogus=1)"""


@pytest.mark.parametrize("call", [c.strip() for c in FAULTS.replace("\n", ";").split(";")])
def test_faults(torch, refused, call):
    names = {name: getattr(torch.signal.windows, name) for name in WINDOWS}
    return refused(lambda: eval(call, names | {"torch": torch}))
