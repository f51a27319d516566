"""Fit a line to five points; two of its four parameters are frozen. An epoch count may be given."""

import sys

import torch
from torch import nn, optim

POINTS = torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0])
VALUES = torch.tensor([3.0, 5.0, 7.0, 9.0, 11.0])


class Line(nn.Module):
    """y = (slope + tilt) x + offset + base, where tilt and base do not move."""

    def __init__(self):
        super().__init__()
        self.slope = nn.Parameter(torch.tensor(1.0))
        self.tilt = nn.Parameter(torch.tensor(0.5), requires_grad=False)
        self.offset = nn.Parameter(torch.tensor(0.0))
        self.base = nn.Parameter(torch.tensor(0.5), requires_grad=False)

    def forward(self, x):
        return self.slope * x + self.tilt * x + self.offset + self.base


epochs = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
model = Line()
criterion = nn.MSELoss()
optimizer = optim.SGD(model.parameters(), lr=0.005)

for epoch in range(1, epochs + 1):
    model.train()
    loss = criterion(model(POINTS), VALUES)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if epoch % 500 == 0:
        print("epoch", epoch, "loss", loss.item(), "slope", model.slope.item())

with torch.no_grad():
    curve = model(torch.linspace(0, 6, 100))

for name, parameter in model.named_parameters():
    print(name, parameter.item())
print("ends", curve[0].item(), curve[99].item())
