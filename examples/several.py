"""Several inputs and several outputs at once: the volume and the surface of a box."""

import torch
from torch.autograd import grad

width = torch.tensor(2.0, requires_grad=True)
depth = torch.tensor(3.0, requires_grad=True)
height = torch.tensor(5.0, requires_grad=True)
sides = [width, depth, height]

volume = width * depth * height
surface = 2 * (width * depth + depth * height + height * width)
print("volume", volume.item(), "surface", surface.item())

print("volume alone: ", grad(volume, sides, retain_graph=True))
print("surface alone:", grad(surface, sides, retain_graph=True))
print("their sum:    ", grad(outputs=[volume, surface], inputs=sides, retain_graph=True))

price = [torch.tensor(10.0), torch.tensor(0.5)]
by_width, by_depth, by_height = grad([volume, surface], sides, grad_outputs=price)
print("in money:     ", by_width, by_depth, by_height)

floor = width * depth
print("no path gives None:", grad(floor, sides, allow_unused=True))
