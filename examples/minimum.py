"""Walking downhill with `torch.optim.SGD`, without and with momentum, along a narrow valley."""

import torch


def valley(place):
    """Steep across, flat along, with its lowest point at (3, -1)."""
    return 20 * (place[1] + 1) ** 2 + 0.5 * (place[0] - 3) ** 2 + 2


for momentum in (0.0, 0.8):
    place = torch.tensor([0.0, 0.0], requires_grad=True)
    optimizer = torch.optim.SGD(params=[place], lr=0.02, momentum=momentum)
    print(f"momentum {momentum}")
    for step in range(101):
        optimizer.zero_grad()
        height = valley(place)
        height.backward()
        if step == 0:
            print("  first gradient", place.grad)
        if step % 20 == 0:
            print(f"  step {step:3d}: height {height:7.4f} at ({place[0]:.3f}, {place[1]:.3f})")
        optimizer.step()
    print(f"  steepness left: {place.grad.abs().max().item():.3f}")
