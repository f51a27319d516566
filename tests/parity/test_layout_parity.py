"""How results lie in memory where PyTorch's database has no samples that would show it."""

from __future__ import annotations

import pytest

PROGRAMS = """
h.sum(-1)
h.sum(1, keepdim=True)
h.mean(-1)
h.amax(-1).view(8, 7)
h.amin((0, 3))
h.any(-1)
h.logsumexp(-1)
h.norm(dim=-1)
torch.linalg.vector_norm(h, 3, dim=-1)
torch.count_nonzero(h, -1)
h.nansum(-1)
h.std(-1)
h.prod(-1)
h.max(-1).values
h.argmax(-1)
x.permute(2, 1, 0).sum(0)
torch.ones(4, dtype=torch.bool).expand(3, 4).float().view(-1)
torch.zeros(4, dtype=torch.float64).expand(2, 3, 4).to(torch.float32)
torch.zeros(4).expand(3, 4).flip(0)
torch.rot90(torch.zeros(4).expand(3, 4), 2)
torch.arange(6.0).unfold(0, 4, 1).clone()
torch.rand_like(torch.ones(5, 1, 1).expand(5, 1, 3).transpose(0, 2))
torch.multinomial(torch.ones(5, 7), 2)
torch.nn.functional.scaled_dot_product_attention(q, q, q)
torch.nn.functional.scaled_dot_product_attention(q, q, q).transpose(1, 2).reshape(2, 5, 12)
torch.nn.functional.logsigmoid(x.mT)
torch.nn.functional.one_hot(torch.ones(2, 3, dtype=torch.int64).t())
torch.tensor(x.permute(2, 1, 0))
x.mT.clone(memory_format=torch.contiguous_format)
torch.empty_like(x.permute(1, 2, 0))
x.mT.to(torch.float64, memory_format=torch.contiguous_format)
x.mT.double()
x.mT.sort(0).indices
torch.cat([x.mT, x.mT], 1)
x.mT.softmax(1)
""".strip().splitlines()


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.filterwarnings("ignore:To copy construct")
def test_strides(torch, program):
    torch.manual_seed(0)
    names = {
        "torch": torch,
        "h": torch.zeros(2, 7, 4, 8).transpose(1, 2),
        "q": torch.ones(2, 5, 3, 4).transpose(1, 2),
        "x": torch.arange(24.0).reshape(2, 3, 4),
    }
    out = eval(program, names)
    steps = [s for s, n in zip(out.stride(), out.shape, strict=True) if n > 1]
    return steps, out if "empty" not in program else None


@pytest.mark.parametrize(
    "shape", [(2, 3, 4, 5), (1, 1, 4, 4), (2, 1, 3, 3), (3, 4), (0, 2, 3, 3), (1, 2, 3, 4, 5), (3,)]
)
def test_formats_of_memory(torch, shape):
    x = torch.ones(shape)
    last = torch.moveaxis(torch.moveaxis(x, 1, -1).contiguous(), -1, 1) if x.dim() > 1 else x
    formats = torch.contiguous_format, torch.channels_last
    return [t.is_contiguous(memory_format=f) for t in (x, last) for f in formats]


@pytest.mark.parametrize("shape", [(1, 2, 3, 4), (2, 3, 5, 7), (1, 1), (3,), (), (2, 0, 3)])
@pytest.mark.parametrize(
    "check", ["False", "True", "[c]", "[c, last]", "[last]", "'x'", "[1]", "()"]
)
def test_order_of_dimensions(torch, caught, shape, check):
    given = eval(check, {"c": torch.contiguous_format, "last": torch.channels_last})
    found = []
    error = caught(lambda: found.append(torch.empty(shape).dim_order(ambiguity_check=given)))
    return error, found
