"""Smaller tools: saved tensors that may be written to, versions, random tensors for tests, old comparisons."""

import importlib

import pytest


def test_writes_after_saving(torch):
    x = torch.tensor([2.0, 3.0], requires_grad=True)
    with torch.autograd.graph.allow_mutation_on_saved_tensors():
        a = x.clone()
        b = a * a
        a.zero_()
        c = b.exp()
        c.mul_(2)
        (c.sum() + a.sum()).backward()
    return a, b, c, x.grad


def test_such_blocks_do_not_nest(torch, refused):
    def nest():
        with torch.autograd.graph.allow_mutation_on_saved_tensors() as context:
            context.clear()
            with torch.autograd.graph.allow_mutation_on_saved_tensors():
                pass

    with torch.autograd.graph.allow_mutation_on_saved_tensors():
        pass
    return refused(nest), refused(nest)


def test_versions(torch, refused):
    x, y = torch.ones(2), torch.ones(2, requires_grad=True)
    z = (y * x).sum()
    torch.autograd.graph.increment_version(x)
    torch.autograd.graph.increment_version([x, x[0]])
    bump = torch.autograd.graph.increment_version
    wrong = refused(lambda: bump(3)), refused(lambda: bump([3]))
    return x._version, x, refused(lambda: z.backward(), y), wrong


MADE = """(3,); (2, 3), low=0, high=2; (), low=5.5; (4,), requires_grad=True; (2, 4), noncontiguous=True
(50,), exclude_zero=True; (3,), low=2, high=3; (0,); 2, 3"""


@pytest.mark.parametrize("dtype", "bool uint8 int8 int64 float16 float32 float64 complex64".split())
@pytest.mark.parametrize("arguments", [a.strip() for a in MADE.replace("\n", ";").split(";")])
def test_random_tensors(torch, caught, dtype, arguments):
    torch.manual_seed(0)
    call = f"torch.testing.make_tensor({arguments}, dtype=torch.{dtype}, device='cpu')"
    made = caught(lambda: eval(call, {"torch": torch}))
    return made, made.stride() if hasattr(made, "stride") else None, torch.rand(1)


@pytest.mark.parametrize("arguments", ["low=float('nan')", "low=3, high=2", "low=1e39", "low=-1e40, high=-1e39",
                                       "noncontiguous=True, memory_format=torch.contiguous_format"])  # fmt: skip
def test_bounds_that_cannot_be(torch, refused, arguments):
    call = f"torch.testing.make_tensor(3, dtype=torch.float32, device='cpu', {arguments})"
    return refused(lambda: eval(call, {"torch": torch}))


def test_random_tensors_of_the_whole_range(torch):
    torch.manual_seed(0)
    top = torch.finfo(torch.float32).max
    return torch.testing.make_tensor(3, dtype=torch.float32, device="cpu", low=-top, high=top)


def test_the_old_comparison(torch, refused, warned):
    f = torch.testing.assert_allclose
    x = torch.tensor([1.0, float("nan")])
    return [
        f(x, x), f(x, x.double() + 1e-6), f([1.0], [1.00001]), f(1, 1.0), warned(lambda: f(1.0, 1.0)),
        refused(lambda: f(x, x + 1)), refused(lambda: f(x, x, equal_nan=False)), refused(lambda: f(x, x, rtol=1.0)),
        refused(lambda: f(torch.ones(2), torch.ones(3))),
    ]  # fmt: skip


def test_names_of_functions_and_hooks(torch):
    functional = importlib.import_module(f"{torch.__name__}.functional")
    hooks = importlib.import_module(f"{torch.__name__}.utils.hooks")
    handle = torch.ones(1, requires_grad=True).register_hook(lambda g: g)
    return [
        functional.einsum("i,i", torch.ones(2), torch.ones(2)), functional.norm is torch.norm,
        sorted(set(functional.__all__) - {"lu"}), isinstance(handle, hooks.RemovableHandle),
        hooks.unserializable_hook(lambda g: g)(3),
    ]  # fmt: skip


def test_what_computes_is_told():
    import wengert as torch

    assert "NumPy" in torch.__config__.show()
    assert "threads" in torch.__config__.parallel_info()
    assert not torch.backends.mkl.is_available()
