"""What `swa_utils`, Adafactor and Muon say when they refuse, and what a batch that fails leaves behind."""

from __future__ import annotations

import pytest

import wengert as torch
from wengert.optim import swa_utils as S

W = torch.ones(2, 2, requires_grad=True)
C = torch.ones(2, 2, dtype=torch.complex64, requires_grad=True)
C.abs().sum().backward()
OPT = torch.optim.SGD([W], lr=0.1)

WORDS = {
    "S.get_ema_avg_fn(2)": "Invalid decay value 2 provided. Please provide a value in [0,1] range",
    "S.get_ema_multi_avg_fn(-1)": "Invalid decay value -1 provided",
    "S.AveragedModel(torch.nn.ReLU(), avg_fn=print, multi_avg_fn=print)": "Only one of avg_fn and multi_avg_fn",
    "S.SWALR(OPT, 0.1, anneal_strategy='sin')": "anneal_strategy must be one of 'cos' or 'linear', instead got sin",
    "S.SWALR(OPT, 0.1, anneal_epochs=1.5)": "anneal_epochs must be equal or greater than 0, got 1.5",
    "S.SWALR(OPT, [0.1, 0.2])": "swa_lr has 2 values, param_groups has 1",
    "torch.optim.Muon([W[0].detach()])": "with size: torch.Size([2]). Give the others to AdamW",
    "torch.optim.Muon([W], lr=-1.0)": "Learning rate should be >= 0 but is: -1.0",
    "torch.optim.Muon([W], lr=torch.ones(2))": "Tensor lr must be 1-element",
    "torch.optim.Muon([W], momentum=-1.0)": "momentum should be >= 0 but is: -1.0",
    "torch.optim.Muon([W], weight_decay=-1.0)": "weight decay should be >= 0 but is: -1.0",
    "torch.optim.Muon([W], adjust_lr_fn='x')": "Adjust learning rate function x is not supported",
    "torch.optim.Muon([W], ns_steps=100).step()": "Number of steps must be less than 100",
    "torch.optim.Muon([W], ns_coefficients=(1, 2)).step()": "Coefficients must be a tuple of exactly 3 values",
    "torch.optim.Muon([C]).step()": "Muon does not support complex parameters",
    "torch.optim.Adafactor([C]).step()": "Adafactor does not support complex parameters. Optimize `torch.view_as_real",
    "torch.optim.Adafactor([W], lr=-1.0)": "Learning rate should be >= 0 but is: -1.0",
    "torch.optim.Adafactor([W], lr=torch.ones(2))": "Tensor lr must be 1-element",
    "torch.optim.Adafactor([W], beta2_decay=1.0)": "beta2_decay should be <= 0 but is: 1.0",
    "torch.optim.Adafactor([W], eps=(-1.0, 0.1))": "epsilon1 should be >= 0 but is: -1.0",
    "torch.optim.Adafactor([W], eps=(None, -0.1))": "epsilon2 should be >= 0 but is: -0.1",
    "torch.optim.Adafactor([W], d=0.5)": "Clipping threshold d should be >= 1 but is: 0.5",
    "torch.optim.Adafactor([W], weight_decay=-1.0)": "weight_decay should be >= 0 but is: -1.0",
}


@pytest.mark.parametrize("program", WORDS)
def test_words(program):
    with pytest.raises(Exception) as caught:
        eval(program, globals())
    assert WORDS[program] in str(caught.value)
    assert "swa_lr" not in OPT.param_groups[0]


def test_a_batch_that_fails_leaves_momentum_and_mode():
    model = torch.nn.BatchNorm1d(2, momentum=0.3).eval()
    with pytest.raises(RuntimeError):
        S.update_bn([torch.ones(3, 2), torch.ones(3, 5)], model)
    assert (model.momentum, model.training) == (0.3, False)


def test_an_average_shares_nothing_with_its_model():
    model = torch.nn.Linear(2, 2)
    averaged = S.AveragedModel(model)
    averaged.update_parameters(model)
    before = averaged.module.weight.clone()
    torch.nn.init.zeros_(model.weight)
    assert torch.equal(averaged.module.weight, before)
