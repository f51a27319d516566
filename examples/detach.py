"""What `detach` cuts out of a gradient: a shop's profit, with demand that answers the price or not.

With the whole path kept, the gradient is the total derivative. With demand detached, the gradient
takes demand for a fixed number, and whatever acts through demand alone gets no gradient at all.
"""

import torch


def profit(price, slope, cost, demand_is_fixed):
    demand = 100.0 - slope * price
    if demand_is_fixed:
        demand = demand.detach()
    return (price - cost) * demand


for demand_is_fixed in (False, True):
    price = torch.tensor(10.0, requires_grad=True)
    slope = torch.tensor(4.0, requires_grad=True)
    cost = torch.tensor(6.0, requires_grad=True)

    money = profit(price, slope, cost, demand_is_fixed)
    money.backward()

    print("demand is fixed" if demand_is_fixed else "demand follows the price")
    print(f"  profit:           {money}")
    print(f"  d profit/d price: {price.grad}")
    print(f"  d profit/d slope: {slope.grad}")
    print(f"  d profit/d cost:  {cost.grad}")
