"""Operations with a derivative of one's own: `torch.autograd.Function`."""

import torch
from torch.autograd import Function


class Square(Function):
    """x -> x * x, with the derivative written by hand."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, from_above):
        (x,) = ctx.saved_tensors
        return 2 * x * from_above


class Reverse(Function):
    """The identity forward; backward, the gradient turned round and scaled by a plain number."""

    @staticmethod
    def forward(ctx, x, strength):
        ctx.strength = strength
        return x.clone()

    @staticmethod
    def backward(ctx, from_above):
        return -ctx.strength * from_above, None


side = torch.tensor([0.5, 2.0, 5.0], requires_grad=True)
area = Square.apply(side)
print("area:", area.detach())
area.sum().backward()
print("by hand: ", side.grad)

side.grad = None
(side * side).sum().backward()
print("built in:", side.grad)

side.grad = None
Reverse.apply(Square.apply(side), 10.0).sum().backward()
print("reversed:", side.grad)

sample = torch.tensor([0.3, -1.2, 2.5], dtype=torch.float64, requires_grad=True)
print("the derivative agrees with differences:", torch.autograd.gradcheck(Square.apply, sample))
print("and so does the second derivative:", torch.autograd.gradgradcheck(Square.apply, sample))
