"""Why writing through `.data` is risky: the tape does not notice, and uses what it finds.

A derivative that needs no values stays right. One that needs them is computed from the new
values, though the result came from the old ones.
"""

import torch

length = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
price = 7 * length
length.data *= 10
price.backward(torch.ones_like(price))
print("7 * length needs no values, and its gradient is right:")
print(length.grad)
print("the length itself has changed:")
print(length)

length = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
area = length**2
length.data *= 10
area.sum().backward()
print("the area was", area.detach().tolist())
print("but its gradient belongs to the new length:")
print(length.grad)

length = torch.tensor([1.0, 2.0], requires_grad=True)
area = length**2
with torch.no_grad():
    length *= 10
try:
    area.sum().backward()
except RuntimeError:
    print("the same write under no_grad is noticed, and backward refuses")
print("no wrong gradient was left behind:", length.grad)
