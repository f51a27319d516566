"""opt_einsum: contractions in the cheapest order, with gradients."""

PACKAGE = "opt_einsum"


def tensor(torch, *shape, seed=0):
    made = torch.arange(float(torch.Size(shape).numel()), dtype=torch.float64)
    return torch.cos(made * 1.7 + seed).reshape(shape).requires_grad_()


def contracted(torch, equation, *shapes, **options):
    """A contraction, and the gradients of the sum of its squares."""
    import opt_einsum

    inputs = [tensor(torch, *shape, seed=seed) for seed, shape in enumerate(shapes)]
    made = opt_einsum.contract(equation, *inputs, **options)
    return made, torch.autograd.grad((made * made).sum(), inputs)


def case_contractions(torch):
    return [
        contracted(torch, "ij,jk->ik", (2, 3), (3, 4)),
        contracted(torch, "ij,jk,kl,lm->im", (2, 7), (7, 3), (3, 5), (5, 2)),
        contracted(torch, "bij,bjk->bik", (4, 2, 3), (4, 3, 2)),
        contracted(torch, "ij,ij->", (3, 4), (3, 4)),
        contracted(torch, "i,j,k->ijk", (2,), (3,), (4,)),
        contracted(torch, "ijk->kj", (2, 3, 4)),
        contracted(torch, "ii->i", (3, 3)),
        contracted(torch, "iij,j->", (3, 3, 2), (2,)),
        contracted(torch, "...i,...ij->...j", (2, 3, 4), (2, 3, 4, 5)),
        contracted(torch, "ea,fb,abcd,gc,hd->efgh", (3, 2), (3, 2), (2, 2, 2, 2), (3, 2), (3, 2)),
        contracted(torch, "ij,jk", (2, 3), (3, 4)),
        contracted(torch, "αβ,βγ->αγ", (2, 3), (3, 4)),
    ]


def case_orders(torch):
    shapes = (3, 4), (4, 5), (5, 6), (6, 3)
    return [
        contracted(torch, "ab,bc,cd,da->", *shapes, optimize=how)
        for how in (
            "auto",
            "optimal",
            "greedy",
            "dp",
            "branch-2",
            "random-greedy",
            [(0, 1), (0, 1), (0, 1)],
        )
    ]


def case_operands_by_numbers(torch):
    import opt_einsum

    x, y = tensor(torch, 2, 3), tensor(torch, 3, 4, seed=1)
    made = opt_einsum.contract(x, [0, 1], y, [1, 2], [0, 2])
    return made, torch.autograd.grad(made.sum(), (x, y))


def case_expressions(torch):
    import opt_einsum

    x, y, z = tensor(torch, 3, 4), tensor(torch, 4, 5, seed=1), tensor(torch, 5, 2, seed=2)
    plain = opt_einsum.contract_expression("ij,jk,kl->il", (3, 4), (4, 5), (5, 2))
    held = opt_einsum.contract_expression("ij,jk,kl->il", x, (4, 5), z, constants=[0, 2])
    made = plain(x, y, z), held(y)
    return made, torch.autograd.grad((made[0] * made[1]).sum(), (x, y, z))


def case_arrays_through_torch(torch):
    import numpy as np
    import opt_einsum

    x, y = np.arange(6.0).reshape(2, 3), np.arange(12.0).reshape(3, 4)
    expression = opt_einsum.contract_expression("ij,jk->ik", (2, 3), (3, 4))
    return expression(x, y, backend="torch")


def case_shared_intermediates(torch):
    import opt_einsum

    x, y, z = tensor(torch, 3, 4), tensor(torch, 4, 5, seed=1), tensor(torch, 5, 2, seed=2)
    with opt_einsum.shared_intermediates():
        made = [
            opt_einsum.contract("ab,bc,cd->a", x, y, z),
            opt_einsum.contract("ab,bc,cd->d", x, y, z),
        ]
    return made, torch.autograd.grad((made[0].sum() * made[1]).sum(), (x, y, z))


def case_complex_numbers(torch):
    import opt_einsum

    x = torch.complex(tensor(torch, 2, 3), tensor(torch, 2, 3, seed=1)).detach().requires_grad_()
    y = torch.complex(tensor(torch, 3, 2, seed=2), tensor(torch, 3, 2)).detach().requires_grad_()
    made = opt_einsum.contract("ij,jk,ki->", x, y, torch.eye(2, dtype=x.dtype))
    return made, torch.autograd.grad(made.abs() ** 2, (x, y))


def case_second_derivatives(torch):
    import opt_einsum

    x, y = tensor(torch, 2, 3), tensor(torch, 3, 3, seed=1)
    energy = opt_einsum.contract("ai,ij,aj->", x, y, x)
    slopes = torch.autograd.grad(energy**2, (x, y), create_graph=True)
    return torch.autograd.grad(sum((slope**2).sum() for slope in slopes), (x, y))


def case_raised_for_sizes_that_differ(torch):
    return contracted(torch, "ij,jk->ik", (2, 3), (4, 2))


def test_opt_einsum_gives_pytorchs_numbers(agree):
    agree()
