"""Fit a line to measurements: a spring's length against the weights that hang on it.

Two parameters are trained; the third, the length at rest, was measured before and stays frozen.
The plot needs Matplotlib.
"""

import matplotlib.pyplot as plt
import torch
from torch import nn, optim

weights = torch.tensor([0.5, 1.0, 1.5, 2.0, 2.5, 3.0])
lengths = torch.tensor([13.1, 15.4, 18.2, 20.5, 22.9, 25.8])


class Spring(nn.Module):
    """length = rest + stretch * weight + offset, in centimetres and kilograms."""

    def __init__(self):
        super().__init__()
        self.stretch = nn.Parameter(torch.tensor(1.0))
        self.offset = nn.Parameter(torch.tensor(0.0))
        self.rest = nn.Parameter(torch.tensor(10.0), requires_grad=False)

    def forward(self, weight):
        return self.rest + self.stretch * weight + self.offset


spring = Spring()
criterion = nn.MSELoss()
optimizer = optim.SGD(spring.parameters(), lr=0.02)

epochs = 2000
for epoch in range(1, epochs + 1):
    loss = criterion(spring(weights), lengths)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if epoch == 1 or epoch % 250 == 0:
        print(
            f"epoch {epoch:4d} of {epochs}: loss {loss.item():8.4f}"
            f"  stretch {spring.stretch.item():.4f}  offset {spring.offset.item():.4f}"
        )

for name, parameter in spring.named_parameters():
    print(f"{name}: {parameter.item()}" + ("" if parameter.requires_grad else "  (frozen)"))

with torch.no_grad():
    line = torch.linspace(0.0, 3.5, 50)
    fitted = spring(line)

plt.scatter(weights.numpy(), lengths.numpy(), color="tab:red", label="measured")
plt.plot(line.numpy(), fitted.numpy(), color="tab:blue", label="fitted")
plt.xlabel("weight in kilograms")
plt.ylabel("length in centimetres")
plt.legend()
plt.savefig("linear_fit.png")
print("plot saved as linear_fit.png in the current directory")
