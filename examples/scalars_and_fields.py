"""`backward` of one number and of many: what `gradient=` stands for."""

import torch


def drag(speed):
    """Force against the speed: a linear and a quadratic part."""
    return 0.5 * speed**2 + 2.0 * speed


speed = torch.tensor(3.0, requires_grad=True)
drag(speed).backward()
print("one number, slope speed + 2:", speed.grad)

speeds = torch.tensor([[0.0, 1.0], [2.0, 10.0]], requires_grad=True)
forces = drag(speeds)
print("speeds:\n", speeds)
print("forces:\n", forces)
print(forces.shape, forces.numel())

try:
    forces.backward()
except RuntimeError:
    print("many numbers have no single gradient: backward asks for gradient=")

share = torch.tensor([[1.0, 1.0], [0.5, 0.0]])
forces.backward(gradient=share)
print("each force counted by its share:\n", speeds.grad)

speeds.grad = None
(drag(speeds) * share).sum().backward()
print("the same, written as a weighted sum:\n", speeds.grad)
