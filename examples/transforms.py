"""Functions that turn functions into their derivatives: `torch.func`, freely nested."""

import torch
from torch.func import grad, jvp, vjp, vmap


def bump(x):
    return x**3 - 2 * x


print("f'(2), f''(2), f'''(2):")
at = torch.tensor(2.0)
print(grad(bump)(at), grad(grad(bump))(at), grad(grad(grad(bump)))(at))

value, slope = jvp(bump, (at,), (torch.tensor(1.0),))
print("value and slope in one forward pass:", value, slope)

value, pull = vjp(bump, at)
print("value, and a function that pulls back:", value, pull(torch.tensor(0.5)))

points = torch.tensor([0.0, 1.0, 2.0])
print("slopes at many points, without a loop:", vmap(grad(bump))(points))


def loss(weight, features, target):
    return (torch.dot(weight, features) - target) ** 2


weight = torch.tensor([1.0, -1.0])
batch = torch.tensor([[1.0, 0.5], [2.0, 1.0], [1.0, 3.0]])
targets = torch.tensor([0.0, 2.0, 1.0])
print("one gradient for each sample:")
print(vmap(grad(loss), in_dims=(None, 0, 0))(weight, batch, targets))
