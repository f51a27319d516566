"""Cutting the graph with `no_grad`: what is computed inside counts as a constant afterwards."""

import torch

x = torch.tensor([[1.0, 2.0], [4.0, 8.0]], requires_grad=True)

kept = 3 * x
with torch.no_grad():
    weight = x / 2
    with torch.enable_grad():
        inside = x + 1
total = kept * weight

print("x asks for gradients:", x.requires_grad)
print("kept:", kept, kept.requires_grad)
print("weight:", weight, weight.requires_grad)
print("total:", total, total.requires_grad)
print("recording switched on again inside:", inside.requires_grad)

total.backward(torch.ones_like(total))
print("3 * weight, where the whole derivative is 3 * x:")
print(x.grad)


@torch.no_grad()
def step(tensor, size):
    """Write into a marked tensor, which only `no_grad` allows."""
    tensor -= size * tensor.grad


step(x, 0.1)
print("after a step:")
print(x)
try:
    x -= 1
except RuntimeError:
    print("without no_grad the same write is refused")
