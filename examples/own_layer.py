"""A linear layer with gradients written by hand, and a training loop without an optimiser.

The data are random with a fixed seed, so every run sees the same numbers.
"""

import torch
from torch.autograd import Function


class Affine(Function):
    """inputs (n, k), weight (k,), bias () -> predictions (n,)."""

    @staticmethod
    def forward(ctx, inputs, weight, bias):
        ctx.save_for_backward(inputs, weight)
        return inputs @ weight + bias

    @staticmethod
    def backward(ctx, from_above):
        inputs, weight = ctx.saved_tensors
        for_inputs = None
        if ctx.needs_input_grad[0]:
            for_inputs = from_above.unsqueeze(1) * weight
        return for_inputs, inputs.t() @ from_above, from_above.sum()


def measurements(count):
    """Rents of flats: 11 per square metre and 40 per room, 150 for the door, and some noise."""
    metres = 20 + 100 * torch.rand(count)
    rooms = torch.randint(1, 6, (count,)).to(torch.float32)
    rents = 11 * metres + 40 * rooms + 150 + 10 * torch.randn(count)
    return torch.stack([metres / 100, rooms / 5], dim=1), rents / 1000


torch.manual_seed(1964)
flats, rents = measurements(24)
weight = torch.zeros(2, requires_grad=True)
bias = torch.zeros((), requires_grad=True)
rate = 0.3

for epoch in range(1, 601):
    error = Affine.apply(flats, weight, bias) - rents
    loss = (error**2).mean()
    loss.backward()
    with torch.no_grad():
        weight -= rate * weight.grad
        bias -= rate * bias.grad
    weight.grad.zero_()
    bias.grad.zero_()
    if epoch % 100 == 0:
        print(f"epoch {epoch}: loss {loss:.6f}  weight {weight.tolist()}  bias {bias}")

print(f"per square metre: {weight[0] * 10:.2f}")
print(f"per room:         {weight[1] * 200:.1f}")
print(f"for the door:     {bias * 1000:.0f}")
