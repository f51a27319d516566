"""Parts of complex numbers: views, writes through them, gradients, transforms."""

from __future__ import annotations


def test_parts_can_be_assigned(torch):
    x = torch.tensor([[1 + 2j, 3 - 1j], [0.5j, 2 + 0j]])
    x.real = torch.tensor([5.0, 6.0])
    x.imag = torch.tensor([[1.0, 1.0], [2.0, 2.0]])
    return x, x.real._base is x, x.H, x.mH, torch.adjoint(x)


def test_writes_through_parts_keep_gradients(torch):
    z = torch.tensor([1 + 2j, 3 - 1j], dtype=torch.complex128, requires_grad=True)
    w = z * (1 + 1j)
    w.real.mul_(3.0)
    (w.abs() ** 2).sum().backward()
    first, z.grad = z.grad, None
    w = z * 2j
    w.imag.add_(w.real.detach())
    (w * w).real.sum().backward()
    return w, first, z.grad


def test_writes_through_pairs_seen_as_complex_numbers(torch):
    r = torch.tensor([[1.0, 2.0], [3.0, 4.0]], dtype=torch.float64, requires_grad=True)
    q = r * 2
    c = torch.view_as_complex(q)
    c[0] = c[1] * 1j
    q.mul_(torch.tensor([2.0, 3.0], dtype=torch.float64))
    ((c * (1 + 2j)).real.sum() + (q**3).sum()).backward()
    return q, c, r.grad


def test_parts_under_transforms(torch):
    def loss(z):
        w = z.clone()
        w.real.mul_(2)
        w.imag = w.real * 3
        return torch.view_as_real(w * w).sum()

    z = torch.tensor([[1 + 2j, 3j], [2 - 1j, 1 + 0j]], dtype=torch.complex128)
    tangent = torch.ones_like(z) * (1 - 2j)
    return (
        torch.func.grad(loss)(z[0]),
        torch.func.vmap(torch.func.grad(loss))(z),
        torch.func.jvp(torch.angle, (z,), (tangent,)),
        torch.func.jvp(torch.sgn, (z,), (tangent,)),
    )


def test_names_of_nodes(torch):
    z = torch.tensor([1 + 2j], requires_grad=True)
    x = torch.tensor([0.5], requires_grad=True)
    made = [
        z.real, z.imag, torch.view_as_real(z), torch.conj_physical(z), torch.angle(z), torch.angle(x), torch.sgn(z),
        torch.sgn(x), torch.polar(x, x), torch.complex(x, x), torch.view_as_complex(torch.stack([x, x], -1)),
    ]  # fmt: skip
    return [y.grad_fn.name() for y in made]


def test_questions(torch):
    x, z = torch.ones(2), torch.ones(2, dtype=torch.complex64)
    return (
        torch.real(x) is x, torch.conj(x) is x, torch.resolve_conj(x) is x, torch.positive(x) is x,
        z.is_complex(), torch.is_complex(x), torch.isreal(z + 1j), z.is_conj(),
    )  # fmt: skip


def test_refusals(torch, caught):
    x, z = torch.ones(3), torch.ones(2, dtype=torch.complex64)
    return [
        caught(call)
        for call in (
            lambda: x.imag,
            lambda: torch.view_as_real(x),
            lambda: torch.view_as_complex(x),
            lambda: torch.view_as_complex(torch.ones(2, 3).t()),
            lambda: torch.adjoint(x),
            lambda: x.H,
            lambda: torch.complex(x, x.double()),
            lambda: torch.polar(x.long(), x.long()),
            lambda: torch.clamp(z, 0, 1),
            lambda: torch.erf(z),
        )
    ]
