"""`copy.deepcopy` and pickling: what shares memory, and what copies keep of flags, gradients and strides."""

import copy
import pickle

import pytest

FAMILIES = {
    "base and view": "(lambda b: [b, b[1:]])(torch.arange(6.))",
    "view and base": "(lambda b: [b[1:], b])(torch.arange(6.))",
    "views of a view": "(lambda b: [b[1:][1:], b[2:].view(2, 2)])(torch.arange(6.))",
    "transposed": "(lambda b: [b.t(), b[0]])(torch.arange(6.).view(2, 3))",
    "computed transposed": "(lambda b: [b, b[0], b.t()])(torch.arange(6.).view(2, 3).t() * 2)",
    "detached": "(lambda b: [b, b.detach()])(torch.arange(6., requires_grad=True))",
    "data": "(lambda b: [b.data, b])(torch.arange(6., requires_grad=True))",
    "expanded": "(lambda b: [b, b.expand(2, 3)])(torch.ones(1))",
    "unrelated": "[torch.ones(2), torch.ones(2)]",
    "the same twice": "[torch.ones(2)] * 2",
    "of no dimensions": "(lambda b: [b, b[1], b.sum()])(torch.arange(3.))",
    "permuted": "(lambda b: [b.permute(2, 0, 1), b[1]])(torch.arange(24.).view(2, 3, 4))",
    "parts": "(lambda b: [b[:, 1:, ::2], b.diagonal()])(torch.arange(24.).view(2, 3, 4))",
    "windows": "(lambda b: [b.as_strided((2, 2), (3, 2), 1), b])(torch.arange(10.))",
    "permuted parameter": "[torch.nn.Parameter(torch.ones(2, 3, 4).permute(2, 0, 1))]",
    "empty": "(lambda b: [b, b[:0]])(torch.arange(3.))",
    "from a strided array": "(lambda b: [b, b[1:]])(torch.from_numpy(np.arange(8.)[1::2]))",
    "parameter": "(lambda b: [b, torch.nn.Parameter(b)])(torch.ones(2))",
    "gradient": "(lambda b: [b, b.grad])(with_gradient(torch.ones(2, requires_grad=True)))",
}


def with_gradient(x):
    (x * x).sum().backward()
    return x


def family(torch, name):
    import numpy as np

    return eval(FAMILIES[name], {"torch": torch, "np": np, "with_gradient": with_gradient})


def described(torch, tensors):
    """Return the flags and strides of tensors, and their elements before and after a write to the first."""
    flags = [(type(t).__name__, t.stride(), t.requires_grad, t.is_leaf) for t in tensors]
    before = [t.clone() for t in tensors]
    with torch.no_grad():
        tensors[0].add_(100)
    return flags, before, [t.detach() for t in tensors]


@pytest.mark.parametrize("name", FAMILIES)
def test_deepcopy(torch, name):
    originals = family(torch, name)
    copies = copy.deepcopy(originals)
    return described(torch, copies), originals


@pytest.mark.parametrize("name", FAMILIES)
def test_pickle(torch, name):
    originals = family(torch, name)
    copies = pickle.loads(pickle.dumps(originals))
    lying = [(t.stride(), t.storage_offset(), t.untyped_storage().nbytes()) for t in copies]
    return [t.detach() for t in copies], originals, lying


def test_gradients_of_copies(torch):
    x = with_gradient(torch.ones(2, requires_grad=True))
    p = with_gradient(torch.nn.Parameter(torch.ones(2)))
    return copy.deepcopy(x).grad, copy.deepcopy(p).grad, pickle.loads(pickle.dumps(x)).grad


def test_a_copy_that_is_named_twice(torch):
    p = torch.nn.Parameter(torch.ones(2))
    first, second = copy.deepcopy([p, p])
    return first is second


def test_a_copied_family_learns(torch):
    whole, part = copy.deepcopy((lambda b: [b, b[1:]])(torch.arange(4.0)))
    w = torch.ones(3, requires_grad=True)
    (part * w).sum().backward()
    return whole, w.grad
