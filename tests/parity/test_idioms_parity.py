"""What programs do to tensors beside computing with them: flags, elements in Python, NumPy, DLPack, copies."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

FLAGS = """
    is_cpu is_cuda is_ipu is_maia is_meta is_mkldnn is_mps is_mtia is_nested is_quantized is_sparse is_sparse_csr
    is_vulkan is_xla is_xpu
""".split()


def names(torch):
    """What the expressions below may use."""
    return {
        "torch": torch,
        "np": np,
        "copy": copy,
        "pickle": pickle,
        "x": torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]),
        "d": torch.tensor([0.5, -1.5], dtype=torch.float64),
        "n": torch.tensor([3, 1, 2]),
        "g": torch.tensor([1.0, 2.0], requires_grad=True),
        "c": torch.tensor([1 + 2j, 3 - 1j]),
    }


@pytest.mark.parametrize("flag", FLAGS)
def test_flags(torch, flag):
    return getattr(torch.ones(2), flag)


@pytest.mark.parametrize(
    "expression",
    [
        "x.is_pinned(), x.is_shared(), x.is_distributed(), x.is_neg(), x.is_signed(), n.is_signed()",
        "x.dim_order(), x.t().dim_order(), torch.ones(1, 1).dim_order()",
        "torch.ones(2, 3, 4).permute(2, 0, 1).dim_order()",
        "d.clone().apply_(lambda v: v + 1)",
        "n.clone().apply_(lambda v: v + 1.7)",
        "x.t().clone().apply_(lambda v: v * 2)",
        "d.clone().map_(d * 3, lambda a, b: a + b)",
        "x.clone().map_(torch.tensor([1.0, 2.0, 3.0]), lambda a, b: a * b)",
        "torch.tensor(2.0).apply_(lambda v: v * v)",
        "torch.ones(0).apply_(lambda v: v * v)",
        "x.resolve_neg() is x, x.to_dense() is x",
        "type(x.as_subclass(torch.nn.Parameter)).__name__",
        "len(x), 3 in n, 7 in n, n in n",
        "list(n), [float(v) for v in d], list(x[0])",
        "[row for row in x]",
        "f'{torch.tensor(1.5):.3f}', f'{torch.tensor(3)}', f'{torch.tensor(3):5d}', f'{torch.tensor(True)}'",
        "f'{x}', f'{c[0]}', '%.2f' % torch.tensor(1.5), '{:>8}'.format(torch.tensor(3))",
        "hash(x) == id(x), x in [x], {x: 1}[x]",
        "np.asarray(x), np.array(x, dtype=np.float64), np.array(x, copy=True)",
        "x.__array__(np.float64), x.__array__(), np.float32(2) * np.asarray(d)",
        "float(np.sum(x.numpy())), np.asarray([torch.tensor(1.0), torch.tensor(2.0)])",
        "tuple(int(i) for i in x.__dlpack_device__())",
        "np.from_dlpack(x), torch.from_dlpack(np.arange(3.0)), torch.from_dlpack(x)",
        "torch.from_dlpack(torch.utils.dlpack.to_dlpack(n)), torch.utils.dlpack.from_dlpack(torch.to_dlpack(c))",
        "torch.from_dlpack(np.ones((2, 3), np.int8).T), torch.from_dlpack(x, copy=True, device='cpu')",
        "torch.from_dlpack(torch.tensor([True, False]))",
        "copy.deepcopy(x), copy.copy(g).requires_grad, copy.deepcopy(g).requires_grad",
        "pickle.loads(pickle.dumps(g)), pickle.loads(pickle.dumps(x.t()))",
        "pickle.loads(pickle.dumps(torch.float32)) is torch.float32, copy.deepcopy(torch.bool) is torch.bool",
        "float(torch.tensor([2.5])), int(torch.tensor(2.5)), complex(c[0]), bool(torch.tensor(0.0))",
        "[10, 20, 30][torch.tensor(1)], list(range(torch.tensor(3))), 'ab' * torch.tensor(2)",
        "round(float(torch.tensor(2.567)), 2), max(n), min(n), sum(n), sorted(n)",
        "abs(d), -d, +d, divmod(7, 2), pow(d, 2), n.tolist(), x.tolist()",
        "x.size(), x.size(-1), x.dim(), x.ndimension(), x.numel(), x.nelement(), x.element_size(), x.stride()",
        "x.nbytes, x.itemsize, x.data_ptr() == x.view(6).data_ptr(), x.storage_offset(), x[1].storage_offset()",
        "x.is_set_to(x), x.is_set_to(x.view(6)), x.is_same_size(d)",
        "torch.is_tensor(x), torch.is_floating_point(n), torch.is_complex(c), torch.is_nonzero(torch.tensor(1))",
        "torch.float32.is_floating_point, torch.int8.is_signed, torch.uint8.is_signed, torch.complex64.is_complex",
    ],
)
def test_what_they_give(torch, expression):
    return eval(expression, names(torch))


def test_reversed(torch):
    return reversed(torch.tensor([[1, 2], [3, 4]])), reversed(torch.tensor(1))


@pytest.mark.parametrize(
    "expression",
    [
        "g.apply_(lambda v: v)",
        "g.map_(g, lambda a, b: a)",
        "d.apply_(3)",
        "d.apply_(lambda v: 'a')",
        "d.map_(torch.ones(2), lambda a, b: a)",
        "d.map_(torch.ones(3, dtype=torch.float64), lambda a, b: a)",
        "np.asarray(g)",
        "g.numpy()",
        "g.__dlpack__()",
        "torch.from_dlpack(g)",
        "torch.from_dlpack(3)",
        "x.__dlpack__(stream=1)",
        "'a' in n",
        "len(torch.tensor(1))",
        "list(torch.tensor(1))",
        "f'{x:.3f}'",
        "float(x)",
        "bool(x)",
        "[1, 2][torch.tensor(1.0)]",
        "x.is_nonzero()",
    ],
)
def test_what_is_refused(torch, caught, expression):
    error = caught(lambda: eval(expression, names(torch)))
    assert isinstance(error, Exception), f"{expression} gave {error!r}"
    return error


def test_memory_is_shared_through_dlpack(torch):
    array = np.arange(3.0)
    x = torch.from_dlpack(array)
    array[0] = 10.0
    x[1] = 20.0
    other = np.from_dlpack(x)
    x += 1
    return x, array.copy(), other.copy()


def test_a_capsule_is_consumed_once(torch, caught):
    capsule = torch.ones(2).__dlpack__()
    x = torch.utils.dlpack.from_dlpack(capsule)
    x[0] = 5.0
    return x, caught(lambda: torch.utils.dlpack.from_dlpack(capsule))
