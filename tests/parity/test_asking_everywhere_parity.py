"""`__torch_function__` beyond plain calls: layers, derivatives, sequences, properties that are set, modes, names."""

from __future__ import annotations

from collections import namedtuple

import pytest

Pair = namedtuple("Pair", "first second")


class Several(list):
    """A list of the user's own type."""


class Refusing:
    """A type that knows of no function."""

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        return NotImplemented


def named(torch):
    class Named(torch.Tensor):
        pass

    return Named


def kind(value):
    if isinstance(value, (list, tuple)):
        return [kind(v) for v in value]
    return type(value).__name__


@pytest.mark.parametrize("layer", ["LSTM", "GRU", "RNN"])
@pytest.mark.parametrize(
    "settings", [{}, {"num_layers": 2, "bidirectional": True, "batch_first": True}]
)
def test_recurrent_layers(torch, layer, settings):
    torch.manual_seed(0)
    made = getattr(torch.nn, layer)(2, 3, **settings)
    x = torch.ones(4, 2, 2).as_subclass(named(torch))
    out, state = made(x)
    cell = getattr(torch.nn, f"{layer}Cell")(2, 3)
    return kind(out), kind(state), kind(cell(x[0])), out.as_subclass(torch.Tensor)


FUNCTIONS = """
lstm(x, (h, h), LSTM, True, 1, 0.0, False, False, False)
lstm(x.transpose(0, 1), (h, h), LSTM, True, 1, 0.0, False, False, True)
lstm(x, (h[:, :, :2], h), projected, True, 1, 0.0, False, False, False)
lstm(x, (two, two), both, False, 1, 0.0, False, True, False)
lstm(packed, sizes, (h, h), LSTM, True, 1, 0.0, False, False)
gru(x, h, GRU, True, 1, 0.0, False, False, False)
gru(packed, sizes, h, GRU, True, 1, 0.0, False, False)
rnn_tanh(x, h, RNN, True, 1, 0.0, False, False, False)
rnn_relu(x, h, RNN, True, 1, 0.0, False, False, False)
lstm_cell(x[0], (h[0], h[0]), *LSTM)
lstm_cell(x[0], (h[0], h[0]), *LSTM[:2])
gru_cell(x[0], h[0], *GRU)
rnn_tanh_cell(x[0], h[0], *RNN)
rnn_relu_cell(x[0], h[0], *RNN)
lstm(x, (h,), LSTM, True, 1, 0.0, False, False, False)
lstm(x, (h, h), LSTM[:3], True, 1, 0.0, False, False, False)
gru(x, h, LSTM[:3], True, 1, 0.0, False, False, False)
lstm_cell(x[0], [h[0]], *LSTM)
lstm_cell(x, (h[0], h[0]), *LSTM)
gru_cell(x[0], h[0][:, :2], *GRU)
""".strip().splitlines()


@pytest.mark.parametrize("expression", FUNCTIONS)
def test_recurrent_functions(torch, caught, expression):
    torch.manual_seed(0)
    known = {kind: [*getattr(torch.nn, kind)(2, 3).parameters()] for kind in ("LSTM", "GRU", "RNN")}
    known["projected"] = [*torch.nn.LSTM(2, 3, proj_size=2).parameters()]
    known["both"] = [*torch.nn.LSTM(2, 3, bias=False, bidirectional=True).parameters()]
    known |= {"x": torch.randn(4, 2, 2), "h": torch.randn(1, 2, 3), "two": torch.randn(2, 2, 3)}
    known |= {"packed": torch.randn(5, 2), "sizes": torch.tensor([2, 2, 1])}
    known["x"].requires_grad_()
    found = caught(lambda: eval(f"torch.{expression}", {"torch": torch, **known}))
    if not isinstance(found, Exception) and "packed" not in expression:
        first = found if isinstance(found, torch.Tensor) else found[0]
        return found, torch.autograd.grad((first * first).sum(), known["x"])
    return found


def test_derivatives(torch):
    from_ = torch.autograd.functional
    x = torch.tensor([1.0, 2.0]).as_subclass(named(torch))
    found = [
        from_.jacobian(lambda x: x * x, x), from_.hessian(lambda x: (x**3).sum(), x), from_.vjp(lambda x: x * x, x, x),
        from_.jvp(lambda x: x * x, x, x), from_.hvp(lambda x: (x**3).sum(), x, x),
    ]  # fmt: skip
    return kind(found), [str(f) for f in found[:2]]


def test_sequences_of_any_type(torch):
    x = torch.ones(1).as_subclass(named(torch))
    p = torch.zeros(1)
    return kind([
        torch.cat(Pair(x, p)), torch.cat(Several([p, x])), torch.stack((p, x)), torch.cat([p, p]),
        torch.block_diag(p, x), torch.atleast_1d([p, x]),
    ])  # fmt: skip


def test_properties_are_asked_when_set_and_deleted(torch):
    seen = []

    class Watched(torch.Tensor):
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            seen.append((func.__name__, len(args)))
            return super().__torch_function__(func, types, args, kwargs or {})

    x = torch.ones(2).as_subclass(Watched)
    x.requires_grad = True
    x.grad = torch.ones(2)
    del x.grad
    x.data = torch.zeros(2)
    found = x.sum().item()
    return seen, found, x.requires_grad


def test_modes_see_properties_and_makers_and_fillers(torch):
    seen = []
    resolve_name = torch.overrides.resolve_name

    class Seeing(torch.overrides.TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):
            if resolve_name(func):
                seen.append(resolve_name(func))
            return func(*args, **(kwargs or {}))

    with Seeing():
        y = torch.ones(2)
        _ = y.shape, y.requires_grad, y.grad, y + 1, y[0], y.sum().item()
        (
            torch.tensor([1.0]),
            torch.as_tensor([1.0]),
            torch.nn.functional.relu(y),
            torch.arange(2),
            torch.eye(2),
        )
        inside = torch.overrides.has_torch_function((y,))
        torch.nn.init.uniform_(y), torch.nn.init.ones_(y)
        with torch._C.DisableTorchFunction():
            y.cos()
    y.sin()
    return seen, inside, torch.overrides.has_torch_function((y,))


def test_the_mode_that_changes_nothing(torch):
    with torch.overrides.BaseTorchFunctionMode():
        return torch.ones(2) + 1, torch.cat([torch.ones(1)])


def test_initialisers(torch):
    log = []

    class Logged(torch.Tensor):
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            if func.__name__ not in ("dim", "size"):
                log.append(func.__name__)
            return super().__torch_function__(func, types, args, kwargs or {})

    init = torch.nn.init
    x = torch.ones(2, 2).as_subclass(Logged)
    made = [
        init.uniform_(x),
        init.normal_(x),
        init.constant_(x, 3.0),
        init.ones_(x),
        init.zeros_(x),
    ]
    return log, kind(made)


@pytest.mark.parametrize(
    "name",
    "Tensor.add Tensor.add_ Tensor.__getitem__ add nn.functional.relu linalg.norm nn.init.uniform_ stack".split(),
)
def test_names(torch, name):
    found = torch
    for part in name.split("."):
        found = getattr(found, part)
    overrides = torch.overrides
    return overrides.resolve_name(found), overrides.is_tensor_method_or_property(found)


def test_names_of_properties_and_strangers(torch):
    overrides = torch.overrides
    known = overrides.get_overridable_functions()
    return (
        overrides.resolve_name(torch.Tensor.shape.__get__), overrides.resolve_name(print),
        overrides.is_tensor_method_or_property(torch.Tensor.shape.__get__),
        overrides.is_tensor_method_or_property(print),
        torch.sin in known[torch], torch.Tensor.sin in known[torch.Tensor],
        torch.tensor in overrides.get_ignored_functions(), torch.sin in overrides.get_ignored_functions(),
    )  # fmt: skip


def test_a_function_of_ones_own_that_asks(torch):
    @torch.overrides.wrap_torch_function(lambda a, b=1: (a, b))
    def area(a, b=1):
        """Of a rectangle."""
        return a * b

    class Told:
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            return func is area, [t.__name__ for t in types], len(args), sorted(kwargs)

    return (
        area(2, 3),
        area(torch.ones(1), Told()),
        area(torch.ones(1), b=Told()),
        area.__name__,
        area.__doc__,
    )


@pytest.mark.parametrize(
    "expression",
    [
        "torch.add(r, 1)",
        "torch.nn.functional.relu(r)",
        "torch.ones(2).add(r)",
        "torch.ones(2) + r",
        "torch.cat([r])",
    ],
)
def test_nobody_has_a_way(torch, caught, expression):
    named(torch)
    error = caught(lambda: eval(expression, {"torch": torch, "r": Refusing()}))
    return error, "'torch." in str(error)


def test_types_that_are_no_tensors_count_for_nothing_inside_the_block(torch, caught):
    class Told:
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            return "told"

    class Begins(torch.Tensor):
        pass

    with torch._C.DisableTorchFunctionSubclass():
        refused = caught(lambda: torch.add(Told(), 1))
        enabled = torch._C._is_torch_function_enabled()
    return refused, enabled, torch.add(Told(), 1), torch._C._is_torch_function_enabled()


def test_operators_in_a_table(torch):
    T = torch.Tensor
    table = {
        T.__pow__: "pow", T.__neg__: "neg", T.__abs__: "abs", T.add: "add", T.bitwise_and: "and", T.__rpow__: "rpow",
        T.bitwise_or: "or",
    }  # fmt: skip
    seen = []

    class Seeing(torch.Tensor):
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            seen.append(table.get(func))
            return super().__torch_function__(func, types, args, kwargs or {})

    v, w = torch.ones(2).as_subclass(Seeing), torch.ones(2, dtype=torch.int64).as_subclass(Seeing)
    v**2, -v, abs(v), v + 1, 1 + v, 1 & w, 2**v, 1 | w, v.neg(), v.abs()
    return seen, T.neg is T.__neg__


def test_a_disabled_protocol_may_be_called(torch):
    class Scaled(torch.nn.Parameter):
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            return super().__torch_function__(func, types, args, kwargs)

    class Own(torch.Tensor):
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            return torch._C._disabled_torch_function_impl(func, types, args, kwargs or {})

    x = torch.ones(2).as_subclass(Own)
    return Scaled(torch.ones(2)) + 1, type(x * 2) is torch.Tensor


@pytest.mark.parametrize(
    "expression",
    [
        "nn.LSTM(2, 3)(x, (h.double(), h))", "nn.GRU(2, 3)(x, h.half())", "nn.RNNCell(2, 3)(x[0], h[0].double())",
        "gru(x, (h, h), gru_weights, True, 1, 0.0, False, False, False)",
        "lstm(x, (h, h[:, :, :2]), weights, True, 1, 0.0, False, False, False)",
        "gru_cell(x[0], h[0], *weights)", "nn.LSTMCell(2, 3)(x[0], (h[0][:, :2], h[0]))",
    ],
)  # fmt: skip
def test_states_that_do_not_fit(torch, caught, expression):
    torch.manual_seed(0)
    known = {
        "x": torch.ones(4, 2, 2),
        "h": torch.ones(1, 2, 3),
        "weights": [*torch.nn.LSTM(2, 3).parameters()],
    }
    known["gru_weights"] = [*torch.nn.GRU(2, 3).parameters()]
    prefix = "" if expression.startswith("nn") else "torch."
    return caught(lambda: eval(prefix + expression, {"torch": torch, "nn": torch.nn, **known}))
