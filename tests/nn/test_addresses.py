"""Every layer and loss is found where PyTorch defines it, and is one class under all its addresses."""

import importlib
import subprocess
import sys

import pytest

from wengert import nn

ADDRESSES = {
    "activation": ["ReLU", "Softmax", "MultiheadAttention"],
    "batchnorm": ["BatchNorm1d", "LazyBatchNorm2d", "_BatchNorm", "_NormBase"],
    "channelshuffle": ["ChannelShuffle"],
    "container": ["Sequential", "ModuleList", "ParameterDict"],
    "conv": ["Conv2d", "ConvTranspose1d", "LazyConv3d", "_ConvNd", "_ConvTransposeNd"],
    "distance": ["CosineSimilarity"],
    "dropout": ["Dropout2d", "_DropoutNd"],
    "flatten": ["Flatten", "Unflatten"],
    "fold": ["Fold", "Unfold"],
    "instancenorm": ["InstanceNorm1d", "LazyInstanceNorm1d", "_InstanceNorm"],
    "lazy": ["LazyModuleMixin", "is_lazy"],
    "linear": ["Linear", "Identity", "LazyLinear", "NonDynamicallyQuantizableLinear"],
    "loss": ["MSELoss", "CTCLoss", "_Loss", "_WeightedLoss"],
    "module": ["Module", "_IncompatibleKeys", "register_module_forward_hook"],
    "normalization": ["LayerNorm", "GroupNorm", "RMSNorm"],
    "padding": ["ZeroPad2d", "_ConstantPadNd", "_CircularPadNd", "_ReflectionPadNd", "_ReplicationPadNd"],
    "pixelshuffle": ["PixelShuffle", "PixelUnshuffle"],
    "pooling": ["MaxPool2d", "_MaxPoolNd", "_AvgPoolNd", "_AdaptiveAvgPoolNd", "_AdaptiveMaxPoolNd", "_LPPoolNd"],
    "rnn": ["LSTM", "GRUCell", "RNNBase", "RNNCellBase"],
    "sparse": ["Embedding", "EmbeddingBag"],
    "transformer": ["Transformer", "TransformerEncoderLayer", "_get_clones", "_get_activation_fn"],
    "upsampling": ["Upsample", "UpsamplingNearest2d"],
    "utils": ["_ntuple", "_single", "_pair", "_triple", "_quadruple", "consume_prefix_in_state_dict_if_present"],
}  # fmt: skip


APART = {"NonDynamicallyQuantizableLinear", "RNNCellBase"}
"""Classes that PyTorch names at this address only."""


@pytest.mark.parametrize("address", ADDRESSES)
def test_names_at_their_addresses(address):
    module = importlib.import_module(f"wengert.nn.modules.{address}")
    assert getattr(nn.modules, address) is module
    for name in ADDRESSES[address]:
        found = getattr(module, name)
        if not name.startswith("_") and isinstance(found, type) and issubclass(found, nn.Module):
            assert name in APART or found is getattr(nn, name) is getattr(nn.modules, name)
    with pytest.raises(
        AttributeError, match=f"module 'torch.nn.modules.{address}' has no attribute 'Absent'"
    ):
        module.Absent  # noqa: B018


def test_addresses_are_pytorchs():
    torch = pytest.importorskip("torch")
    for address, names in ADDRESSES.items():
        theirs = importlib.import_module(f"{torch.__name__}.nn.modules.{address}")
        assert [n for n in names if not hasattr(theirs, n)] == []


def test_the_layers_of_both_faces_are_the_same():
    layers = {k: v for k, v in vars(nn.modules).items() if isinstance(v, type)}
    assert len(layers) > 130
    assert all(getattr(nn, name) is layer for name, layer in layers.items())
    ours = "wengert.", "torch."
    names = {
        k for k, v in vars(nn).items() if isinstance(v, type) and v.__module__.startswith(ours)
    }
    apart = {"Buffer", "DataParallel", "Parameter", "UninitializedBuffer", "UninitializedParameter"}
    assert names - set(layers) == apart


def test_imports_under_pytorchs_name():
    program = (
        "import wengert; wengert.install_as_torch()\n"
        "from torch.nn.modules.utils import _pair\n"
        "from torch.nn.modules.batchnorm import _BatchNorm\n"
        "from torch.nn.parameter import UninitializedParameter, is_lazy\n"
        "from torch.nn.utils import parametrize, weight_norm\n"
        "from torch.utils.checkpoint import checkpoint\n"
        "from torch.optim.swa_utils import AveragedModel\n"
        "from torch.func import functional_call\n"
        "print(_pair(3), is_lazy(UninitializedParameter()))"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ran.stdout.split() == ["(3,", "3)", "True"], ran.stderr


NUMBERS = {
    "_pair(3)": (3, 3),
    "_pair([1, 2])": (1, 2),
    "_triple('ab')": ("a", "b"),
    "_ntuple(2, 'x').__name__": "x",
    "_reverse_repeat_tuple((1, 2), 2)": (2, 2, 1, 1),
    "_list_with_default([None, 3], [4, 5, 6])": [5, 3],
    "_list_with_default(7, [4])": 7,
}


@pytest.mark.parametrize("program", NUMBERS)
def test_numbers_as_tuples(program):
    assert eval(program, vars(nn.modules.utils)) == NUMBERS[program]


def test_sizes_for_an_input_of_too_few_dimensions():
    with pytest.raises(ValueError, match="Input dimension should be at least 3"):
        nn.modules.utils._list_with_default([1, 2], [1, 2])


def test_a_prefix_goes_from_keys_and_metadata():
    inner = nn.Sequential(nn.Linear(1, 1))
    state = nn.ModuleDict({"module": inner}).state_dict()
    nn.modules.utils.consume_prefix_in_state_dict_if_present(state, "module.")
    assert list(state) == ["0.weight", "0.bias"]
    assert sorted(state._metadata) == ["", "0"]
