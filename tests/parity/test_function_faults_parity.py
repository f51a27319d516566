"""What a faulty `autograd.Function` is told, and that it leaves nothing behind."""

import pytest

BAD_BACKWARDS = {
    "too few gradients": "lambda ctx, ct: ct",
    "too many gradients": "lambda ctx, ct: (ct, ct, ct)",
    "wrong shape": "lambda ctx, ct: (torch.ones(5), ct)",
    "a number": "lambda ctx, ct: (1.0, ct)",
    "a text": "lambda ctx, ct: ('ct', ct)",
    "raises": "lambda ctx, ct: [][1]",
}


@pytest.mark.parametrize("fault", BAD_BACKWARDS)
def test_bad_backward(torch, refused, fault):
    class Add(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, y):
            return x + y

        backward = staticmethod(eval(BAD_BACKWARDS[fault], {"torch": torch}))

    x = torch.ones(3, requires_grad=True)
    y = torch.ones(3, requires_grad=True)
    loss = Add.apply(x, y).sum()
    answer = refused(lambda: loss.backward(retain_graph=True), x, y)
    (x * y).sum().backward()
    return answer, x.grad, y.grad


def test_function_without_backward(torch, refused):
    class Forward(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

    x = torch.ones(2, requires_grad=True)
    y = Forward.apply(x)
    return y, refused(lambda: y.sum().backward(), x)


def test_function_without_forward(torch, refused):
    class Nothing(torch.autograd.Function):
        pass

    x = torch.ones(2, requires_grad=True)
    return refused(lambda: Nothing.apply(x), x)


def test_function_called_as_an_object(torch, refused):
    class Double(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, ct):
            return ct * 2

    x = torch.ones(2, requires_grad=True)
    return refused(lambda: Double()(x), x)


def test_forward_with_the_wrong_number_of_arguments(torch, refused):
    class Double(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, ct):
            return ct * 2

    x = torch.ones(2, requires_grad=True)
    return refused(lambda: Double.apply(x, x), x)


def test_forward_that_raises(torch, refused):
    class Refuse(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            raise ValueError("no")

        @staticmethod
        def backward(ctx, ct):
            return ct

    x = torch.ones(2, requires_grad=True)
    return refused(lambda: Refuse.apply(x), x), torch.is_grad_enabled()


def test_save_for_backward_of_a_number(torch, caught):
    class Keep(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(3.0)
            return x * 2

        @staticmethod
        def backward(ctx, ct):
            return ct

    return caught(lambda: Keep.apply(torch.ones(2, requires_grad=True)))
