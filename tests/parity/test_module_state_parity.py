"""Registration, walking, conversion, saving, copying of `nn.Module`."""

import copy
import pickle

import pytest


def tree(torch):
    nn = torch.nn

    class Inner(nn.Module):
        def __init__(self):
            super().__init__()
            self.w = nn.Parameter(torch.tensor([1.0, 2.0]))
            self.register_buffer("seen", torch.zeros(2))
            self.register_buffer("scratch", torch.ones(1), persistent=False)
            self.register_parameter("none", None)

    class Outer(nn.Module):
        _version = 3

        def __init__(self):
            super().__init__()
            self.a = Inner()
            self.b = self.a
            self.c = Inner()
            self.scale = nn.Parameter(torch.tensor(2.0))
            self.count = nn.Buffer(torch.tensor(3))

    return Outer()


EXPRESSIONS = [
    "[n for n, _ in m.named_parameters(remove_duplicate=False)]",
    "[n for n, _ in m.named_buffers(remove_duplicate=False)]",
    "[n for n, _ in m.named_modules(remove_duplicate=False)]",
    "[n for n, _ in m.named_modules(prefix='x')]",
    "[n for n, _ in m.named_children()]",
    "[n for n, _ in m.named_buffers(prefix='p', recurse=False)]",
    "list(m.state_dict())",
    "list(m.state_dict(prefix='x.'))",
    "dict(m.state_dict()._metadata)",
    "m.state_dict(keep_vars=True)['scale'] is m.scale",
    "sorted(set(dir(m)) & {'a', 'b', 'c', 'scale', 'count', 'w'})",
    "m.get_buffer('a.seen')",
    "m.get_submodule('') is m",
    "m.set_submodule('a', m.c), m.a is m.c",
    "m.set_submodule('d', m.c), m.d is m.c",
    "m.double().scale.dtype",
    "(m.half(), [p.dtype for p in m.parameters()], [b.dtype for b in m.buffers()])[1:]",
    "(m.type(torch.float64), m.count.dtype)[1]",
    "m.to(torch.float64, non_blocking=True).a.seen.dtype",
    "m.to(torch.ones(1, dtype=torch.float64)).scale.dtype",
    "m.to('cpu').scale.dtype, m.to(device='cpu', dtype=torch.float64).count.dtype",
    "m.to_empty(device='cpu').a.w.shape",
    "repr(m)",
    "str(m.load_state_dict({}, strict=False))",
    "str(m.load_state_dict({'scale': torch.ones(1), 'z': 1, 'a.z.y': 2}, strict=False)), m.scale",
    "m.register_module('e', None), m.e, [n for n, _ in m.named_children()], repr(m)",
    "setattr(m, 'a', None), m.a, [n for n, _ in m.named_modules()]",
    "setattr(m.a, 'w', None), [n for n, _ in m.named_parameters()]",
    "setattr(m, 'w', torch.nn.Buffer(torch.ones(1), persistent=False)), list(m.state_dict())",
    "setattr(m, 'count', torch.ones(2)), m.count, list(m.state_dict())",
    "setattr(m.a, 'scratch', torch.ones(2)), list(m.state_dict())",
    "delattr(m, 'count'), delattr(m, 'c'), list(m.state_dict())",
    "torch.nn.Module().training, torch.nn.Module().state_dict()",
    "isinstance(m.count, torch.nn.Buffer), isinstance(m.scale, torch.nn.Buffer)",
]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_read(torch, expression):
    if "to_empty" in expression:
        return [list(eval(expression, {"torch": torch, "m": tree(torch)}))]
    return [eval(expression, {"torch": torch, "m": tree(torch)})]


FAULTS = [
    "setattr(m, 'scale', m.c)",
    "m.get_submodule('a.x')",
    "m.get_submodule('a.w')",
    "m.get_parameter('a.seen')",
    "m.get_buffer('a.w')",
    "m.get_buffer('x')",
    "m.set_submodule('', m.c)",
    "m.set_submodule('x', m.c, strict=True)",
    "m.set_submodule('scale', m.c)",
    "m.set_submodule('a', 3)",
    "m.to(torch.int64)",
    "m.load_state_dict([1])",
    "m.load_state_dict({'scale': 1}, strict=False)",
    "m.load_state_dict({**m.state_dict(), 'a.w': torch.ones(3)}, strict=False)",
    "m.load_state_dict({**m.state_dict(), 'a._extra_state': 3})",
    "setattr(m, 'a', 3)",
    "setattr(m, 'count', 3)",
    "m.register_buffer('x', 3)",
    "m.register_buffer('', torch.ones(1))",
    "m.register_buffer(3, torch.ones(1))",
    "m.register_buffer('a', torch.ones(1))",
    "m.register_parameter('x', torch.ones(1))",
    "m.add_module('', torch.nn.Module())",
    "m.add_module('a.b', torch.nn.Module())",
    "m.add_module(3, torch.nn.Module())",
    "m.add_module('scale', torch.nn.Module())",
    "torch.nn.Module(3)",
    "torch.nn.Module(x=3)",
    "type('M', (torch.nn.Module,), {'__init__': lambda self: setattr(self, 'm', torch.nn.Module())})()",
    "type('M', (torch.nn.Module,), {'__init__': lambda self: self.register_buffer('b', None)})()",
    "m.get_extra_state()",
]


@pytest.mark.parametrize("program", FAULTS)
def test_faults(torch, refused, program):
    m = tree(torch)
    return refused(lambda: eval(program, {"torch": torch, "m": m}), *m.parameters(), m.a.seen)


def test_conversion_takes_gradients_and_hooks_along(torch):
    m, seen = tree(torch), []
    m.scale.register_hook(lambda g: seen.append(str(g.dtype)))
    (m.scale * m.a.w).sum().backward()
    before = m.a.w
    m.double()
    first = m.scale.grad
    (m.scale * m.a.w).sum().backward()
    return first, m.scale.grad, before is m.a.w, m.a.w.grad, seen


def test_assigned_state(torch):
    m, given = tree(torch), tree(torch).double().state_dict()
    m.c.w.requires_grad_(False)
    m.load_state_dict(given, assign=True)
    return m.scale, m.a.w, m.c.w, m.a.seen, isinstance(m.scale, torch.nn.Parameter)


def test_hooks_of_saving_and_loading(torch):
    m, seen = tree(torch), []
    m.register_state_dict_pre_hook(lambda module, prefix, keep: seen.append(("pre", prefix, keep)))
    m.register_state_dict_post_hook(
        lambda module, state, prefix, meta: seen.append(("post", prefix, dict(meta)))
    )
    m.a._register_state_dict_hook(
        lambda module, state, prefix, meta: {k: v for k, v in state.items() if "seen" not in k}
    )
    state = m.state_dict()
    m.register_load_state_dict_pre_hook(
        lambda module, state, prefix, *rest: seen.append((type(module).__name__, len(state)))
    )
    m.register_load_state_dict_post_hook(lambda module, keys: keys.missing_keys.clear())
    return list(state), str(m.load_state_dict(state)), seen


def test_a_hook_after_loading_sees_the_values(torch):
    m, seen = tree(torch), []
    state = {k: v + 1 for k, v in m.state_dict().items()}
    m.a.register_load_state_dict_post_hook(lambda module, keys: seen.append(module.w.tolist()))
    m.load_state_dict(state)
    return seen


def test_extra_state(torch, caught):
    class Counter(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.n = 0

        def get_extra_state(self):
            return {"n": self.n}

        def set_extra_state(self, state):
            self.n = state["n"]

    m = torch.nn.Module()
    m.inner = Counter()
    m.inner.n = 5
    state = m.state_dict()
    m.inner.n = 0
    answer = m.load_state_dict(state)
    return dict(state), m.inner.n, str(answer), caught(lambda: m.load_state_dict({}))


def test_own_loading(torch):
    class Renamed(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.w = torch.nn.Parameter(torch.zeros(2))
            self.loaded = None

        def _load_from_state_dict(self, state, prefix, *rest):
            state[prefix + "w"] = state.pop(prefix + "old")
            super()._load_from_state_dict(state, prefix, *rest)
            self.loaded = self.w.sum().item()

    m = Renamed()
    return str(m.load_state_dict({"old": torch.tensor([1.0, 2.0])})), m.w, m.loaded


def test_copies(torch):
    m = tree(torch)
    (m.scale * m.a.w).sum().backward()
    twin = copy.deepcopy(m)
    twin.a.w.data += 1
    return (
        m.a.w,
        twin.a.w,
        twin.b is twin.a,
        twin.scale.grad,
        list(twin.state_dict()),
        isinstance(twin.count, torch.nn.Buffer),
    )


def test_pickled_state(torch):
    state = pickle.loads(pickle.dumps(tree(torch).state_dict()))
    return dict(state), dict(state._metadata)


def test_super_init_with_arguments(torch):
    class Base:
        def __init__(self, n=1):
            self.n = n

    class M(torch.nn.Module, Base):
        call_super_init = True

    return M(n=4).n, M(7).n


def test_modes_reach_everything(torch):
    m = tree(torch)
    m.eval()
    inside = [s.training for s in m.modules()]
    m.c.train()
    return inside, [s.training for s in m.modules()]
