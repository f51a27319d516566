"""Derivatives of derivatives: position, velocity, acceleration, jerk."""

import torch
from torch.autograd import grad

time = torch.tensor(2.0, requires_grad=True)
position = 5 * torch.pow(time, 3) - 2 * time**2 + time

(velocity,) = grad(position, time, create_graph=True)
(acceleration,) = grad(velocity, time, create_graph=True)
(jerk,) = grad(acceleration, time)

print("position    ", position.data)
print("velocity    ", velocity.data)
print("acceleration", acceleration.data)
print("jerk        ", jerk)
print("recorded:", velocity.requires_grad, acceleration.requires_grad, jerk.requires_grad)
print("`grad` leaves .grad alone:", time.grad)

times = torch.tensor([0.0, 0.5, 1.0], dtype=torch.float64, requires_grad=True)
swing = torch.sin(3 * times)
(speed,) = grad(swing.sum(), times, create_graph=True)
(force,) = grad(speed.sum(), times)
print("a swing obeys force = -9 * position:", bool(abs(force + 9 * swing).max() < 1e-12))
