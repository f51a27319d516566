"""Marking a tensor, walking back, and why gradients add up until they are zeroed."""

import torch

velocity = torch.tensor([3.0, -1.0, 2.0])
print("unmarked:", velocity, velocity.requires_grad)

velocity.requires_grad_()
print("marked:  ", velocity)

mass = 4.0
energy = 0.5 * mass * torch.dot(velocity, velocity)
print("energy:  ", energy)
print("backward returns", energy.backward())
print("gradient, mass * velocity:      ", velocity.grad)

drift = velocity.sum()
print("drift:   ", drift)
drift.backward()
print("a second backward adds its ones:", velocity.grad)

velocity.grad.zero_()
print("zeroed:                         ", velocity.grad)
velocity.sum().backward()
print("the ones alone:                 ", velocity.grad)

velocity.grad = None
velocity.prod().backward()
print("set to None, then a product:    ", velocity.grad)
