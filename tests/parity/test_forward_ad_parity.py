"""`autograd.forward_ad`: tangents by hand, through operations, layers, Functions and gradients; faults."""

import importlib
import threading

import pytest


def tools(torch):
    return importlib.import_module(f"{torch.__name__}.autograd.forward_ad")


CALLS = """(d * d).sin(); d.sum(); d[0]; d.exp().cumsum(0); torch.stack([d, x]); d @ d; d.max()
torch.where(d > 1, d, x)
torch.nn.functional.softmax(d, 0); (d + 1j).abs(); d.view(2, 1).expand(2, 3); torch.cat([x, d]); x + 1
 d.double().sqrt()
torch.linalg.norm(d); d.clone().mul_(d); torch.outer(d, x)"""


@pytest.mark.parametrize("call", [c.strip() for c in CALLS.replace("\n", ";").split(";")])
def test_tangents(torch, call):
    fw = tools(torch)
    x = torch.tensor([1.0, 2.0])
    with fw.dual_level() as level:
        d = fw.make_dual(x, torch.tensor([3.0, -4.0]))
        made = eval(call, {"torch": torch, "d": d, "x": x})
        primal, tangent = fw.unpack_dual(made)
    return level, primal, tangent


def test_beside_gradients(torch):
    fw = tools(torch)
    torch.manual_seed(0)
    layer = torch.nn.Linear(2, 3)
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    with fw.dual_level():
        d = fw.make_dual(w, torch.tensor([3.0, 4.0]))
        primal, tangent = fw.unpack_dual((layer(d) ** 2).sum())
        gradient = torch.autograd.grad(tangent, w, retain_graph=True)
        primal.backward()
    return primal, tangent, gradient, w.grad, [p.grad for p in layer.parameters()]


def test_parameters_with_tangents(torch):
    fw = tools(torch)
    torch.manual_seed(0)
    layer = torch.nn.Linear(2, 2)
    names = [name for name, _ in layer.named_parameters()]
    with fw.dual_level():
        duals = {
            name: fw.make_dual(p.detach(), torch.ones_like(p))
            for name, p in layer.named_parameters()
        }
        out = torch.func.functional_call(layer, duals, torch.ones(1, 2))
        found = fw.unpack_dual(out)
    return names, found.primal, found.tangent


def test_without_a_level(torch, refused):
    fw = tools(torch)
    x = torch.ones(2)
    plain = fw.unpack_dual(x)
    return [
        plain.primal is x, plain.tangent, refused(lambda: fw.make_dual(x, x)), refused(lambda: fw.exit_dual_level()),
        type(plain).__name__,
    ]  # fmt: skip


FAULTS = ["fw.make_dual(x, torch.ones(3))", "fw.make_dual(torch.tensor([1, 2]), x)", "fw.make_dual(d, x)",
          "fw.make_dual(x, torch.tensor([1, 2]))", "fw.enter_dual_level()", "fw.unpack_dual(3)",
          "fw.exit_dual_level(level=5)"]  # fmt: skip


@pytest.mark.parametrize("call", FAULTS)
def test_faults(torch, refused, call):
    fw = tools(torch)
    x = torch.ones(2)
    with fw.dual_level():
        given = {"fw": fw, "torch": torch, "x": x, "d": fw.make_dual(x, x * 2)}
        return refused(lambda: eval(call, given))


def test_a_level_ends_with_an_error(torch):
    fw = tools(torch)
    try:
        with fw.dual_level():
            raise KeyError
    except KeyError:
        pass
    level = fw.enter_dual_level()
    made = fw.unpack_dual(fw.make_dual(torch.ones(2), torch.ones(2)) * 2)
    fw.exit_dual_level(level=level)
    return made.tangent + 1, torch.is_grad_enabled()


def test_duals_stay_inside():
    import wengert as torch
    from wengert.errors import LeakError

    fw = torch.autograd.forward_ad
    with fw.dual_level():
        d = fw.make_dual(torch.ones(2), torch.ones(2))
        with pytest.raises(
            RuntimeError, match="the tensor is torch.float32 and its tangent torch.float64"
        ):
            fw.make_dual(torch.ones(2), torch.ones(2).double())
    with pytest.raises(LeakError, match="made inside a jvp that has ended"):
        d + 1


@pytest.mark.parametrize("recorded", [False, True])
def test_functions_that_take_a_context(torch, recorded):
    class Scaled(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, k):
            ctx.save_for_backward(x)
            ctx.save_for_forward(x)
            ctx.k = k
            return x * x * k

        @staticmethod
        def backward(ctx, ct):
            return ct * 2 * ctx.saved_tensors[0] * ctx.k, None

        @staticmethod
        def jvp(ctx, tangent, _):
            return tangent * 2 * ctx.saved_tensors[0] * ctx.k

    fw = tools(torch)
    x = torch.tensor([1.0, 2.0], requires_grad=recorded)
    with fw.dual_level():
        primal, tangent = fw.unpack_dual(
            Scaled.apply(fw.make_dual(x, torch.tensor([3.0, 4.0])), 5.0)
        )
        if recorded:
            primal.sum().backward()
    return primal.detach(), tangent.detach(), x.grad


@pytest.mark.parametrize("recorded", [False, True])
def test_a_forward_that_draws_runs_once(torch, recorded):
    class Dropped(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.mask = (torch.rand(4) < 0.5).float()
            ctx.factor = 1
            return x * ctx.mask

        @staticmethod
        def backward(ctx, ct):
            return ct * ctx.mask * ctx.factor

        @staticmethod
        def jvp(ctx, tangent):
            ctx.factor = 3
            return tangent * ctx.mask

    fw = tools(torch)
    torch.manual_seed(0)
    x = torch.ones(4, requires_grad=recorded)
    with fw.dual_level():
        primal, tangent = fw.unpack_dual(Dropped.apply(fw.make_dual(x, torch.ones(4))))
        gradient = torch.autograd.grad(primal.sum(), x) if recorded else None
    return primal.detach(), tangent, gradient, torch.rand(1)


def doubled_in_place(torch, way):
    class Doubled(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.mark_dirty(x)
            return x.mul_(2)

        @staticmethod
        def backward(ctx, ct):
            return ct * 2

        @staticmethod
        def jvp(ctx, tangent):
            return tangent.mul_(2) if way == "in place" else tangent * 2

    return Doubled


@pytest.mark.parametrize("recorded", [False, True])
@pytest.mark.parametrize("way", ["in place", "anew"])
def test_a_function_that_writes_to_a_dual(torch, refused, recorded, way):
    fw = tools(torch)
    leaf = torch.ones(3, requires_grad=recorded)

    def run():
        with fw.dual_level():
            x = leaf * 1
            d = fw.make_dual(x, torch.ones(3))
            made = doubled_in_place(torch, way).apply(d)
            after = fw.unpack_dual(d * 3)
            gradient = torch.autograd.grad(after.primal.sum(), leaf) if recorded else None
            pairs = [fw.unpack_dual(made), fw.unpack_dual(d), after]
            return made is d, [(p.detach(), t.detach()) for p, t in pairs], x.detach(), gradient

    return run() if way == "in place" else refused(run)


def test_what_a_written_dual_needs_of_jvp():
    import wengert as torch

    fw = torch.autograd.forward_ad
    with fw.dual_level(), pytest.raises(RuntimeError, match="Let jvp change the tangent that it"):
        doubled_in_place(torch, "anew").apply(fw.make_dual(torch.ones(3), torch.ones(3)))


def test_another_thread_unpacks(torch):
    fw = tools(torch)
    found = []
    with fw.dual_level():
        d = fw.make_dual(torch.ones(2), torch.tensor([1.0, 2.0]))
        thread = threading.Thread(target=lambda: found.extend(fw.unpack_dual(d * 2)))
        thread.start()
        thread.join()
    return found


def test_unpacking_after_the_end_says_so():
    import wengert as torch
    from wengert.errors import LeakError

    fw = torch.autograd.forward_ad
    with fw.dual_level():
        d = fw.make_dual(torch.ones(2), torch.ones(2))
    with pytest.raises(LeakError, match="unpack_dual: an operand was made inside a jvp that has"):
        fw.unpack_dual(d)


BODIES = ["(d.sin() * w * d).sum()", "(d.detach() * w * d).sum()", "(d * w).sum() + x.sum()", "(d * x * 3).sum()",
          "d.sum()", "d.prod().exp() * w.sum()"]  # fmt: skip


def shown(fw, g):
    pair = fw.unpack_dual(g)
    return pair.primal.detach(), None if pair.tangent is None else pair.tangent.detach()


@pytest.mark.parametrize("body", BODIES)
def test_gradients_carry_tangents(torch, body):
    fw = tools(torch)
    x = torch.tensor([1.0, 2.0, 0.5], requires_grad=True)
    w = torch.tensor([0.3, 0.2, 0.1], requires_grad=True)
    with fw.dual_level():
        d = fw.make_dual(x * 1.5, torch.tensor([1.0, -1.0, 2.0]))
        found = torch.autograd.grad(eval(body, {"d": d, "x": x, "w": w}), [x, w], allow_unused=True)
        return [None if g is None else shown(fw, g) for g in found]


def test_cotangents_that_move_and_gradients_again(torch, refused):
    fw = tools(torch)
    x = torch.tensor([1.0, 2.0, 0.5], requires_grad=True)
    grad = torch.autograd.grad
    with fw.dual_level():
        y = fw.make_dual(x, torch.ones(3)) ** 3
        c = fw.make_dual(torch.tensor([1.0, 2.0, 3.0]), torch.tensor([5.0, 6.0, 7.0]))
        found = [
            shown(fw, grad(y, x, c, retain_graph=True)[0]),
            shown(fw, grad([y, x**2], x, [torch.ones(3) * 2, torch.ones(3)], retain_graph=True)[0]),
            shown(fw, grad(grad(y.sum(), x, create_graph=True)[0].sum(), x)[0]),
        ]
        return found, [
            refused(lambda: grad(y, x)), refused(lambda: grad(y.sum() * 0 + y, x)),
            refused(lambda: grad(y, x, ["c"])),
        ]  # fmt: skip


def test_backward_through_a_layer(torch):
    fw = tools(torch)
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1))
    with fw.dual_level():
        loss = (net(fw.make_dual(torch.ones(2, 3), torch.full((2, 3), 2.0))) ** 2).mean()
        gradients = torch.autograd.grad(loss, list(net.parameters()), retain_graph=True)
        loss.backward()
        moved = [shown(fw, g) for g in gradients]
    return moved, [p.grad + 1 for p in net.parameters()]


def test_what_gradients_with_tangents_cannot_be():
    import wengert as torch

    fw, ones = torch.autograd.forward_ad, torch.ones(2)
    x = torch.ones(2, requires_grad=True)
    with fw.dual_level():
        d = fw.make_dual(x, ones)
        with pytest.raises(RuntimeError, match="an input carries a tangent along. Differentiate"):
            torch.autograd.grad(d.sum(), d)
        with pytest.raises(RuntimeError, match="is_grads_batched=True is for tensors without"):
            torch.autograd.grad(d * 2, x, torch.ones(3, 2), is_grads_batched=True)
        e = fw.make_dual(x, x * 2)
        with pytest.raises(RuntimeError, match=r"make_dual requires grad.*func.jvp\(func.grad\(f"):
            torch.autograd.grad((e**2).sum(), x)
        (e**2).sum().backward()
    assert x.grad.tolist() == [2, 2]
