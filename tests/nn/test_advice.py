"""What the error for overwritten memory advises where a module, a function of networks or an optimiser wrote."""

import pytest

import wengert as torch
from wengert import nn

F = nn.functional


def message(backward):
    with pytest.raises(RuntimeError, match="modified by an inplace operation") as caught:
        backward()
    return str(caught.value)


@pytest.mark.parametrize(
    "kind",
    [nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.ELU, nn.SELU, nn.Hardtanh, nn.SiLU, nn.Mish, nn.Dropout],
)
def test_modules_that_write_into_their_input_are_named(kind):
    net = nn.Sequential(nn.Linear(2, 3), nn.Sigmoid(), kind(inplace=True), nn.Linear(3, 1))
    text = message(net(torch.ones(4, 2)).sum().backward)
    assert (
        f"`{kind.__name__}` wrote into its input because of inplace=True. Use inplace=False" in text
    )
    assert "give it a `clone()`" in text


@pytest.mark.parametrize(
    "call",
    ["relu", "relu6", "elu", "hardswish", "leaky_relu", "dropout", "alpha_dropout", "dropout2d"],
)
def test_functions_that_write_into_their_input_are_named(call):
    y = torch.ones(1, 2, 2, 2, requires_grad=True).exp()
    named = {"training": True} if "dropout" in call else {}
    getattr(F, call)(y, inplace=True, **named)
    text = message(y.sum().backward)
    assert "hardtanh" in text or f"`{call}` wrote into its input" in text


OPTIMISERS = [
    "SGD",
    "Adam",
    "AdamW",
    "RMSprop",
    "Adagrad",
    "Adadelta",
    "Adamax",
    "NAdam",
    "RAdam",
    "ASGD",
    "Rprop",
]


@pytest.mark.parametrize("name", OPTIMISERS)
def test_a_step_between_two_backwards(name):
    net = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    optimizer = getattr(torch.optim, name)(net.parameters(), lr=0.1)
    loss = net(torch.ones(4, 2)).pow(2).sum()
    loss.backward(retain_graph=True)
    optimizer.step()
    text = message(loss.backward)
    assert f"{name} updated it, in `step` or `zero_grad`. Call every `backward()`" in text
    assert "changed by  optimizer.step()" in text and "detach()" in text


def test_gradients_set_to_zero_between():
    w = torch.ones(2, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=0.1)
    (w * w).sum().backward(create_graph=True)
    penalty = (w.grad * w.grad).sum()
    optimizer.zero_grad(set_to_none=False)
    assert "SGD updated it" in message(penalty.backward)


def test_an_optimiser_of_the_users_own():
    class Mine(torch.optim.Optimizer):
        def step(self, closure=None):
            with torch.no_grad():
                for p in self.param_groups[0]["params"]:
                    p -= 0.1

    w = torch.ones(2, requires_grad=True)
    loss = (w * w).sum()
    Mine([w], {}).step()
    text = message(loss.backward)
    assert "changed by  p -= 0.1" in text
    assert "It is a leaf that requires grad. Update it after the last `backward()`" in text


def test_rows_that_are_shortened():
    table = nn.Embedding(5, 3, max_norm=0.1)
    loss = table.weight.pow(2).sum() + table(torch.tensor([1, 2])).sum()
    assert "`embedding` shortened rows of its weight in place because of max_norm" in message(
        loss.backward
    )


def test_initialised_and_loaded_anew():
    layer = nn.Linear(2, 2)
    loss = layer.weight.pow(2).sum()
    nn.init.zeros_(layer.weight)
    assert "`zeros_` filled it anew" in message(loss.backward)
    loss = layer.weight.pow(2).sum()
    layer.load_state_dict(nn.Linear(2, 2).state_dict())
    assert "`load_state_dict` of Linear wrote into it" in message(loss.backward)


def test_a_hidden_state_that_is_carried_on():
    rnn, hidden = nn.RNN(2, 3), None
    out, hidden = rnn(torch.ones(4, 1, 2), hidden)
    out.sum().backward()
    out, hidden = rnn(torch.ones(4, 1, 2), hidden)
    with pytest.raises(RuntimeError, match=r"as a hidden state or another network's output"):
        out.sum().backward()


def test_an_output_of_another_network():
    maker, judge = nn.Linear(2, 3), nn.Sequential(nn.Linear(3, 1), nn.Sigmoid())
    made = maker(torch.ones(4, 2)).tanh()
    judge(made).sum().backward()
    with pytest.raises(
        RuntimeError, match=r"a second time.*\n.*\n.*\(a generator's.*wants a `detach\(\)`"
    ):
        judge(made).log().sum().backward()
