"""What layers, losses and their functions say of inputs that do not fit: the words that help."""

import pytest

import wengert as torch
from wengert import nn

F = nn.functional

WORDS = {
    "F.linear(x, w[0], w[0, :1])": "with a bias the weight is (m, n), and its shape is [3]. Use `weight.unsqueeze(0)`",
    "F.linear(x, w, torch.ones(3, 4))": "linear: operands of shapes [2, 4] and [3, 4] do not broadcast",
    "F.linear(x[0], w, torch.ones(3))": "linear: the bias has 3 elements and the weight 4 rows",
    "F.softmax(None)": "softmax(): argument 'input' must be Tensor, not NoneType",
    "F.log_softmax(None)": "log_softmax(): argument 'input' must be Tensor, not NoneType",
    "F.softmin('a')": "softmin(): argument 'input' must be Tensor, not str",
    "F.relu6(None)": "relu6(): argument 'input' must be Tensor, not NoneType",
    "F.instance_norm(torch.ones(2, 3, 4), 1, 2)": "instance_norm(): argument 'running_mean' must be Tensor, not int",
    "torch.ctc_loss()": "ctc_loss() missing 4 required positional arguments",
    "F.bilinear(x, x, torch.ones(2, 3, 3), w[0])": "bias size does not match weight size: got [3] but expected [2]",
    "F.conv1d(torch.ones(1, 3, 5), torch.ones(4, 3, 0))": "kernel size should be greater than zero",
    "F.conv1d(torch.ones(1, 3, 5), torch.ones(0, 3, 2))": "a non-empty tensor, but got weight of size [0, 3, 2]",
    "F.conv_transpose1d(torch.ones(1, 3, 5), torch.ones(3, 4, 2), padding=3)": "Output size is too small. Use less",
    "F.adaptive_avg_pool2d(torch.ones(1, 3, 5, 5), None)": "or None to leave it as it is",
    "F.adaptive_avg_pool2d(torch.ones(1, 3, 5, 5), (2,))": "output_size must be 2 numbers, one for each axis",
    "F.layer_norm(x, 3)": "'normalized_shape' must be tuple of ints, not int. Use `(3,)`",
    "F.rms_norm(x[0], (2, 3))": "Input tensor must have at least 2 dimensions",
    "F.group_norm(torch.ones(1, 4), 4)": "in 4 groups: of one value the variance is 0. Use fewer groups",
    "F.batch_norm(x, w[0].double(), w[0])": "running_mean to have the input's dtype torch.float32, got torch.float64",
    "F.batch_norm(x, w[0], w[0], training=True, eps=0)": "batch_norm eps must be positive during training, but got 0",
    "F.instance_norm(torch.ones(2, 4, 3), weight=w[0])": "weight should contain 4 elements, one for each channel",
    "F.instance_norm(torch.ones(2, 4, 3), w[0])": "must either both be None or neither be None",
    "F.dropout(x, 'a')": "dropout(): argument 'p' must be float, not str",
    "F.dropout(x, w[0, 0].detach().requires_grad_())": "no gradient would reach it",
    "F.leaky_relu(x, w[0])": "argument 'negative_slope' must be Number, not Tensor of 1 dimensions. Use `.item()`",
    "F.softplus(x, None)": "softplus(): argument 'beta' must be Number, not NoneType",
    "F.mse_loss(x, 1.0)": "mse_loss(): argument 'target' must be Tensor, not float",
    "F.binary_cross_entropy(p, 2 * p + 1)": "all elements of target should be between 0 and 1",
    "F.kl_div(x, torch.tensor(1))": "Integral inputs not supported: target is torch.int64. Use `target.float()`",
    "F.multi_margin_loss(x, y, weight=w[0].double())": "for the weight but found torch.float64. Use `weight.to(",
    "F.multilabel_margin_loss(x, torch.tensor([[0, -1, -2]] * 2))": "numbered from 0, and -1 ends a row",
    "F.cross_entropy(x, p, ignore_index=1)": "which has probabilities of all classes, and it is 1. Set the rows",
    "F.nll_loss(x[0], y[None])": "multi-target not supported, got [1, 2] for an input of one example, [3]",
    "F.cross_entropy(x, y[:, None])": "cross_entropy: 0D or 1D target tensor expected, multi-target not supported: the "
    "target has the shape [2, 1], and for an input [2, 3] one of [2] is expected. Use `target.squeeze(1)`.",
    "F.nll_loss(x, y[:, None])": "nll_loss: 0D or 1D target tensor expected, multi-target not supported",
    "F.cross_entropy(x, y[:, None], label_smoothing=0.1)": "cross_entropy: 0D or 1D target tensor expected",
    "F.cross_entropy(torch.ones(2, 3, 2), y.reshape(2, 1, 1).expand(2, 1, 2))": "[2, 1, 2]). "
    "Classes are dimension 1 of the input, 3 here. Use `target.squeeze(1)`.",
    "F.cross_entropy(x, y.float())": "cross_entropy: expected scalar type Long but found torch.float32",
    "F.cross_entropy(x, y[:1])": "cross_entropy: Expected input batch_size (2) to match target batch_size (1)",
    "F.cross_entropy(x, y, w[0, :2])": "cross_entropy: weight tensor should be defined either for all 3 classes",
    "F.cross_entropy(x, y, w[0].double())": "cross_entropy: expected scalar type torch.float32 for the weights",
    "F.cross_entropy(x, y + 2)": "Target 3 is out of bounds: there are 3 classes. Targets are numbers from 0 to 2, or",
    "F.multi_margin_loss(x, y + 2)": "multi_margin_loss: a target is out of range: there are 3 classes",
    "F.one_hot(y, 2.0)": "one_hot(): argument 'num_classes' must be int, not float",
    "F.fold(x, (4, 4), (2.0, 2))": "'kernel_size' must be tuple of ints, but found element of type float",
    "F.unfold(torch.ones(1, 1, 4, 4), (2, 2, 2))": "It is expected kernel_size equals to 2, two ints, or one int",
    "F.interpolate(torch.ones(1, 1, 4), size=2.5)": "interpolate(): argument 'size' must be int, not float",
    "F.interpolate(torch.ones(1, 1, 4), scale_factor=w[0, 0])": "must be tuple of floats, not Tensor. Use `.item()`",
    "F.local_response_norm(torch.ones(2, 3, 4), 0)": "should be greater than zero, but got size=0 channels",
    "F.embedding_bag(y[None], w, per_sample_weights=y[None], mode='sum')": "Use `per_sample_weights.to(torch.float32)`",
    "F.embedding_bag(y, w, y[:0], include_last_offset=True)": "at least 1, where the last bag ends",
    "F.embedding_bag(y[None], w, mode='max', sparse=True)": "max mode does not support sparse weights. Use",
    "F.embedding_bag(y[None], w.long())": "weight has to be of floats, not torch.int64. Use `weight.float()`",
    "torch.embedding_bag(w, y, y, mode='sum')": "argument 'mode' must be int, not str. Write 0, 1 or 2",
    "torch.embedding_bag(w, y, y, mode=3)": "`mode` must be sum, mean, or max: 0, 1 or 2, and not 3",
    "torch.embedding_bag(w, y[None], y)": "indices has to be a 1D Tensor, but got Tensor of dimension 2",
    "torch.embedding_bag(w, y, y, padding_idx=4)": "within the number of embeddings, -4 through 3, but got 4",
    "torch.embedding_bag(w, y, y, per_sample_weights=w[0])": "one number for each index, 2 of them, but got shape [3]",
    "torch._weight_norm(w, w[:2])": "each slice of v along dimension 0, 4 of them, as in the shape [4, 1]",
    "torch._weight_norm(w, w.double())": "but got torch.float32 and torch.float64. Use `g.to(torch.float32)`",
    "torch._weight_norm(w.long(), w)": '"_weight_norm" not implemented for torch.int64 tensors',
    "F.pad(x, 1)": "must be tuple of ints, not int. Use `(1, 1)` for both ends of the last dimension",
    "nn.BatchNorm1d(3)(None)": "argument 'input' must be Tensor, not NoneType",
    "nn.Embedding.from_pretrained(None)": "argument 'embeddings' must be Tensor, not NoneType",
}  # fmt: skip


@pytest.mark.parametrize("program", WORDS)
def test_words(program):
    found = {
        "torch": torch, "nn": nn, "F": F, "x": torch.ones(2, 3), "w": torch.ones(4, 3), "p": torch.ones(2, 3) / 2,
        "y": torch.tensor([0, 1]),
    }  # fmt: skip
    with pytest.raises(Exception) as caught:
        eval(program, found)
    assert WORDS[program] in str(caught.value)


def test_a_batch_that_is_refused_is_not_counted():
    norm = nn.BatchNorm1d(3)
    before = norm.num_batches_tracked._version
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        norm(torch.ones(1, 3))
    assert norm.num_batches_tracked.item() == 0
    assert norm.num_batches_tracked._version == before
