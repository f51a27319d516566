"""`embedding_bag` in all its modes, and what it refuses."""

import pytest

CALLS = [
    "(two, w)",
    "(two, w, mode='sum')",
    "(two, w, mode='max')",
    "(flat, w, offsets)",
    "(flat, w, offsets, mode='sum')",
    "(flat, w, offsets, mode='max')",
    "(flat, w, ends, include_last_offset=True)",
    "(two, w, padding_idx=1)",
    "(flat, w, offsets, mode='sum', padding_idx=-4)",
    "(flat, w, offsets, mode='max', padding_idx=2)",
    "(flat, w, offsets, mode='sum', per_sample_weights=p)",
    "(flat[:0], w, torch.tensor([0, 0]))",
]


def given(torch):
    return {
        "torch": torch,
        "F": torch.nn.functional,
        "w": (torch.arange(15, dtype=torch.float64).reshape(5, 3) * 1.3).sin().requires_grad_(),
        "two": torch.tensor([[0, 1, 4], [1, 1, 2]]),
        "flat": torch.tensor([0, 2, 1, 4, 2, 2]),
        "offsets": torch.tensor([0, 2, 2, 5]),
        "ends": torch.tensor([0, 2, 6]),
        "p": torch.linspace(0.5, 2, 6, dtype=torch.float64).requires_grad_(),
    }


@pytest.mark.parametrize("call", CALLS)
def test_values_and_gradients(torch, call):
    names = given(torch)
    out = eval(f"F.embedding_bag{call}", names)
    (out * torch.arange(1, out.numel() + 1).reshape(out.shape)).sum().backward()
    return out, names["w"].grad, names["p"].grad


FAULTS = [
    "(two, w, offsets)",
    "(flat, w)",
    "(flat, w, torch.tensor([1, 2]))",
    "(flat, w, torch.tensor([0, 9]))",
    "(flat, w, offsets, mode='median')",
    "(flat, w, offsets, per_sample_weights=p)",
    "(flat, w, offsets, mode='sum', per_sample_weights=p[:2])",
    "(two[None], w)",
    "(two.double(), w)",
    "(two, w.detach().long())",
]


@pytest.mark.parametrize("call", FAULTS)
def test_faults(torch, refused, call):
    names = given(torch)
    return refused(lambda: eval(f"F.embedding_bag{call}", names), names["w"])


BY_NUMBER = [
    "(w, flat, offsets)",
    "(w, flat, offsets, False, 1)",
    "(w, flat, offsets, False, 2)",
    "(w, flat.int(), offsets, mode=1)",
    "(w, flat.int(), offsets.int(), mode=2)",
    "(w, flat, ends, False, 0, False, None, True)",
    "(w, flat, ends, False, 2, False, None, True)",
    "(w, two[1, :2], offsets[:1], True)",
    "(w, flat, offsets, False, 0, False, None, False, 1)",
    "(w, flat, offsets, False, 1, False, None, False, -3)",
    "(w, flat, offsets, False, 2, False, None, False, 2)",
    "(w, flat, offsets, False, 0, False, p)",
    "(w, flat[:0], torch.tensor([0, 0]), mode=2)",
    "(w, flat[:0], offsets[:0], mode=1)",
    "(weight=w, indices=flat, offsets=offsets)",
]


@pytest.mark.parametrize("call", BY_NUMBER)
def test_by_number(torch, call):
    names = given(torch)
    out, bags, sizes, picked = eval(f"torch.embedding_bag{call}", names)
    (out * torch.arange(1, out.numel() + 1).reshape(out.shape)).sum().backward()
    return out, bags, sizes, picked, names["w"].grad, names["p"].grad


FAULTS_BY_NUMBER = [
    "(w, flat)",
    "(w, flat, None)",
    "(w, [0], offsets)",
    "(w, two, offsets)",
    "(w, flat, offsets[None])",
    "(w[0], flat, offsets)",
    "(w, flat.double(), offsets)",
    "(w, flat, offsets.double())",
    "(w.detach().long(), flat, offsets)",
    "(w, flat + 9, offsets)",
    "(w, flat, torch.tensor([1, 2]))",
    "(w, flat, torch.tensor([0, 9]))",
    "(w, flat, offsets, False, 3)",
    "(w, flat, offsets, False, 'sum')",
    "(w, flat, offsets, 1)",
    "(w, flat, offsets, False, 1, False, p)",
    "(w, flat, offsets, False, 0, False, p[:2])",
    "(w, flat, offsets, False, 0, False, p.float())",
    "(w, flat, offsets, False, 0, False, None, False, 9)",
    "(w, flat, offsets, False, 0, False, None, False, 1.5)",
]


@pytest.mark.parametrize("call", FAULTS_BY_NUMBER)
def test_faults_by_number(torch, refused, call):
    names = given(torch)
    return refused(lambda: eval(f"torch.embedding_bag{call}", names), names["w"])
