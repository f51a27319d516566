"""`autograd.Function` in both styles, with everything that its context offers."""


def test_square(torch):
    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**2

        @staticmethod
        def backward(ctx, ct):
            (x,) = ctx.saved_tensors
            return ct * 2 * x

    x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = Square.apply(x)
    y.sum().backward()
    return y, x.grad


def test_setup_context_style(torch):
    class Power(torch.autograd.Function):
        @staticmethod
        def forward(x, exponent):
            return x**exponent

        @staticmethod
        def setup_context(ctx, inputs, output):
            x, exponent = inputs
            ctx.save_for_backward(x)
            ctx.exponent = exponent
            ctx.shown = tuple(output.shape)

        @staticmethod
        def backward(ctx, ct):
            (x,) = ctx.saved_tensors
            return ct * ctx.exponent * x ** (ctx.exponent - 1), None

    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = Power.apply(x, 3)
    y.sum().backward()
    return y, x.grad


def test_forward_runs_without_recording(torch):
    class Identity(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.inside = torch.is_grad_enabled(), (x * 2).requires_grad, x.requires_grad
            seen.append(ctx.inside)
            return x * 1

        @staticmethod
        def backward(ctx, ct):
            seen.append(torch.is_grad_enabled())
            return ct

    seen = []
    x = torch.ones(2, requires_grad=True)
    Identity.apply(x).sum().backward()
    Identity.apply(x).sum().backward(create_graph=True)
    return seen


def test_input_returned_as_it_is(torch):
    class Pass(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x

        @staticmethod
        def backward(ctx, ct):
            return ct * 5

    x = torch.ones(2, requires_grad=True)
    y = Pass.apply(x)
    y.sum().backward()
    return y is x, y.requires_grad, x.grad


def test_view_of_the_input_returned(torch):
    class Reverse(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.view_as(x)

        @staticmethod
        def backward(ctx, ct):
            return -ct

    x = torch.ones(2, requires_grad=True)
    y = Reverse.apply(x)
    y.sum().backward()
    return y, x.grad


def test_several_inputs_and_a_none(torch):
    class Affine(torch.autograd.Function):
        @staticmethod
        def forward(ctx, w, x, b, label):
            ctx.save_for_backward(w, x)
            return w * x + b

        @staticmethod
        def backward(ctx, ct):
            w, x = ctx.saved_tensors
            return (ct * x).sum(), ct * w, ct.sum(), None

    w, b = torch.tensor(2.0, requires_grad=True), torch.tensor(1.0, requires_grad=True)
    x = torch.tensor([1.0, 2.0, 3.0])
    y = Affine.apply(w, x, b, "label")
    (y * y).sum().backward()
    return y, w.grad, b.grad, x.grad


def test_several_outputs(torch):
    class SumAndDifference(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, y):
            return x + y, x - y

        @staticmethod
        def backward(ctx, ct_sum, ct_difference):
            return ct_sum + ct_difference, ct_sum - ct_difference

    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = torch.tensor([3.0, 5.0], requires_grad=True)
    s, d = SumAndDifference.apply(x, y)
    (s * d).sum().backward()
    return s, d, x.grad, y.grad, s.grad_fn is d.grad_fn


def test_double_backward_through_a_function(torch):
    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx, ct):
            (x,) = ctx.saved_tensors
            return ct * 3 * x**2

    x = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
    (g,) = torch.autograd.grad(Cube.apply(x).sum(), x, create_graph=True)
    (h,) = torch.autograd.grad(g.sum(), x, create_graph=True)
    return g, h, torch.autograd.grad(h.sum(), x)


def test_double_backward_through_a_saved_output(torch):
    class Exp(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            out = x.exp()
            ctx.save_for_backward(out)
            return out

        @staticmethod
        def backward(ctx, ct):
            (out,) = ctx.saved_tensors
            return ct * out

    x = torch.tensor([0.5, 1.0], dtype=torch.float64, requires_grad=True)
    (g,) = torch.autograd.grad(Exp.apply(x).sum(), x, create_graph=True)
    return g, torch.autograd.grad(g.sum(), x), torch.autograd.gradgradcheck(Exp.apply, x)


def test_function_calls_a_function(torch):
    class Double(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, ct):
            return Double.apply(ct)

    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = torch.tensor([3.0, 4.0], requires_grad=True)
    (Double.apply(Double.apply(x)) * y).sum().backward()
    return x.grad, y.grad


def test_enable_grad_inside_of_backward(torch):
    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx, ct):
            (x,) = ctx.saved_tensors
            with torch.enable_grad():
                inner = x.detach().requires_grad_()
                (g,) = torch.autograd.grad(inner**3, inner, ct)
            return g

    x = torch.tensor([1.0, 2.0], requires_grad=True)
    Cube.apply(x).sum().backward()
    return x.grad


def test_gradient_none_leaves_the_input_without_one(torch):
    class Stop(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, ct):
            return None

    x = torch.ones(2, requires_grad=True)
    (Stop.apply(x) + 0).sum().backward()
    return [x.grad]


def test_extra_nones_are_allowed(torch):
    class Double(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, ct):
            return ct * 2, None, None

    x = torch.ones(2, requires_grad=True)
    Double.apply(x).sum().backward()
    return x.grad


def test_gradient_of_a_broadcast_shape_is_summed(torch):
    class Add(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, y):
            return x + y

        @staticmethod
        def backward(ctx, ct):
            return ct, ct

    x = torch.ones(2, 3, requires_grad=True)
    y = torch.ones(3, requires_grad=True)
    Add.apply(x, y).sum().backward()
    return x.grad, y.grad


def test_gradient_of_another_dtype_is_cast(torch):
    class Double(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, ct):
            return ct.double() * 2

    x = torch.ones(2, requires_grad=True)
    Double.apply(x).sum().backward()
    return x.grad
