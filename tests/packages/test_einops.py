"""einops: shapes spelled out, by functions and as layers, with gradients."""

PACKAGE = "einops"


def tensor(torch, *shape, seed=0):
    made = torch.arange(float(torch.Size(shape).numel()), dtype=torch.float64)
    return torch.cos(made * 1.7 + seed).reshape(shape).requires_grad_()


def with_gradients(torch, made, *inputs):
    """A result, and the gradients of the sum of its squares."""
    return made, torch.autograd.grad((made * made).sum(), inputs)


def case_rearrange(torch):
    from einops import rearrange

    x = tensor(torch, 2, 6, 4, 3)
    patterns = [
        ("b h w c -> b c h w", {}),
        ("b h w c -> (b h) w c", {}),
        ("b (h1 h2) w c -> b h1 w (c h2)", {"h1": 2}),
        ("b h w c -> b (c h w)", {}),
        ("b (h h2) (w w2) c -> (h2 w2 b) h w c", {"h2": 2, "w2": 2}),
        ("... c -> c ...", {}),
        ("b h w c -> b h w 1 c", {}),
    ]
    return [with_gradients(torch, rearrange(x, pattern, **sizes), x) for pattern, sizes in patterns]


def case_rearrange_a_list(torch):
    from einops import rearrange

    parts = [tensor(torch, 2, 3, seed=seed) for seed in range(3)]
    return with_gradients(torch, rearrange(parts, "n h w -> h (n w)"), *parts)


def case_reduce(torch):
    from einops import reduce

    x = tensor(torch, 2, 4, 6)
    made = [
        with_gradients(torch, reduce(x, "b h w -> b w", how), x)
        for how in ("sum", "mean", "max", "min", "prod")
    ]
    made.append(with_gradients(torch, reduce(x, "b (h h2) (w w2) -> b h w", "max", h2=2, w2=3), x))
    made.append(with_gradients(torch, reduce(x, "b h w -> b () w", "mean"), x))
    made.append(with_gradients(torch, reduce(x, "b h w ->", "sum"), x))
    flags = x.detach() > 0.9
    return made, [reduce(flags, "b h w -> b", how) for how in ("any", "all")]


def case_repeat(torch):
    from einops import repeat

    x = tensor(torch, 2, 3)
    patterns = [
        ("h w -> h w c", {"c": 3}),
        ("h w -> (r h) w", {"r": 2}),
        ("h w -> h (w r)", {"r": 2}),
        ("h w -> r (h w)", {"r": 4}),
    ]
    return [with_gradients(torch, repeat(x, pattern, **sizes), x) for pattern, sizes in patterns]


def case_einsum(torch):
    from einops import einsum

    x, y, z = tensor(torch, 2, 3, 4), tensor(torch, 2, 4, 5, seed=1), tensor(torch, 5, seed=2)
    return [
        with_gradients(torch, einsum(x, y, "batch i k, batch k j -> batch i j"), x, y),
        with_gradients(torch, einsum(x, y, z, "b i k, b k j, j -> i"), x, y, z),
        with_gradients(torch, einsum(x, "b i k -> k b"), x),
    ]


def case_pack_and_unpack(torch):
    from einops import pack, unpack

    parts = [tensor(torch, 2, 3, 5), tensor(torch, 2, 5, seed=1), tensor(torch, 2, 7, 9, 5, seed=2)]
    packed, shapes = pack(parts, "i * k")
    back = unpack(packed, shapes, "i * k")
    return with_gradients(torch, packed, *parts), [list(shape) for shape in shapes], list(back)


def case_shapes_and_arrays(torch):
    from einops import asnumpy, parse_shape

    x = tensor(torch, 2, 3)
    return parse_shape(x, "rows _"), asnumpy(x)


def case_second_derivatives(torch):
    from einops import rearrange, reduce

    x = tensor(torch, 4, 3)
    energy = reduce(rearrange(x, "(a b) c -> a (b c)", a=2) ** 3, "a d -> ", "sum")
    (slope,) = torch.autograd.grad(energy, x, create_graph=True)
    return torch.autograd.grad((slope**2).sum(), x)


def case_layers(torch):
    from einops.layers.torch import EinMix, Rearrange, Reduce

    nn = torch.nn
    net = nn.Sequential(
        Rearrange("b c (h p) (w q) -> b (h w) (c p q)", p=2, q=2),
        EinMix("b t i -> b t o", weight_shape="i o", bias_shape="o", i=12, o=5),
        nn.GELU(),
        EinMix("b t (head c) -> b head t d", weight_shape="head c d", head=1, c=5, d=4),
        Reduce("b head t d -> b d", "mean"),
        nn.Linear(4, 2),
    ).double()
    x = tensor(torch, 3, 3, 4, 6)
    made = net(x)
    (made**2).sum().backward()
    return made, x.grad, [p.grad for p in net.parameters()], repr(net), list(net.state_dict())


def case_training(torch):
    from einops.layers.torch import EinMix, Rearrange

    net = torch.nn.Sequential(
        EinMix("b (h i) -> b h o", weight_shape="h i o", bias_shape="h o", h=2, i=3, o=4),
        torch.nn.Tanh(),
        Rearrange("b h o -> b (h o)"),
        torch.nn.Linear(8, 1),
    )
    optimizer = torch.optim.Adam(net.parameters(), lr=0.05)
    x, losses = torch.randn(16, 6), []
    for _ in range(20):
        optimizer.zero_grad()
        loss = ((net(x) - x.prod(1, keepdim=True)) ** 2).mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return torch.tensor(losses)


def case_raised_for_shapes_that_do_not_fit(torch):
    from einops import rearrange

    return rearrange(tensor(torch, 5, 2), "(a b) c -> a b c", a=2)


def case_raised_for_means_of_integers(torch):
    from einops import reduce

    return reduce(torch.arange(6), "a -> ", "mean")


def test_einops_gives_pytorchs_numbers(agree):
    agree()
