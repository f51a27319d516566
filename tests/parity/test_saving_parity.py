"""`torch.save` and `torch.load`: each library reads the other's files as its own."""

import gzip
import io
import pickle
import warnings

import pytest

import wengert


def contents(torch):
    torch.manual_seed(0)
    base = torch.arange(12.0).reshape(3, 4)
    layer = torch.nn.Linear(2, 3)
    return {
        "views": [base, base[1], base[:, 2], base.t(), base[::2, 1:]],
        "spread": torch.ones(2, 1).expand(2, 3),
        "dtypes": [torch.ones(2, dtype=getattr(torch, name)) for name in DTYPES],
        "scalar": torch.tensor(3.5),
        "empty": torch.empty(0, 3),
        "state": layer.state_dict(),
        "weight": layer.weight,
        "leaf": torch.ones(2, requires_grad=True),
        "plain": [1, 2.5, "x", None, (True, {1, 2}), 1j, b"b", {"a": [1]}],
        "names": [torch.float64, torch.Size([1, 2]), torch.device("cpu"), torch.device("cuda", 1)],
    }


DTYPES = ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64"]
DTYPES += ["complex64", "complex128", "bfloat16"]

FORMATS = {"zip": {}, "from before 1.6": {"_use_new_zipfile_serialization": False}}


def shown(value):
    """Everything there is to be seen, line by line."""
    if isinstance(value, dict):
        return [f"{key} {line}" for key, item in value.items() for line in shown(item)]
    if isinstance(value, list):
        return [line for item in value for line in shown(item)]
    strides = value.stride() if hasattr(value, "stride") and value.numel() else ""
    return [f"{value!r} {strides} {getattr(value, 'dtype', '')}"]


@pytest.fixture(params=["to PyTorch", "from PyTorch", "within Wengert"])
def pair(request):
    """A library that saves and one that loads."""
    oracle = pytest.importorskip("torch")
    return {
        "to PyTorch": (wengert, oracle),
        "from PyTorch": (oracle, wengert),
        "within Wengert": (wengert, wengert),
    }[request.param]


@pytest.fixture(params=FORMATS)
def options(request):
    """The keywords of `save` for one of the formats."""
    return FORMATS[request.param]


def test_files_are_exchanged(pair, tmp_path, options):
    saving, loading = pair
    saving.save(contents(saving), tmp_path / "x.pt", **options)
    assert shown(loading.load(tmp_path / "x.pt")) == shown(contents(loading))


def test_mapped_files_are_exchanged(pair, tmp_path):
    saving, loading = pair
    saving.save(contents(saving), tmp_path / "x.pt")
    assert shown(loading.load(tmp_path / "x.pt", mmap=True)) == shown(contents(loading))


@pytest.mark.parametrize("weights_only", [False, True])
def test_streams_are_exchanged(pair, options, weights_only):
    saving, loading = pair
    stream = io.BytesIO(b"in front")
    stream.seek(8)
    saving.save(contents(saving), stream, **options)
    stream.seek(8)
    assert shown(loading.load(stream, weights_only=weights_only)) == shown(contents(loading))


def test_compressed_files_are_exchanged(pair, tmp_path, options):
    saving, loading = pair
    with gzip.open(tmp_path / "x.gz", "wb") as file:
        saving.save(contents(saving), file, **options)
    with gzip.open(tmp_path / "x.gz") as file:
        assert shown(loading.load(file)) == shown(contents(loading))


LAYERS = {
    "linear": "nn.Linear(2, 3)",
    "several": "nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Dropout(0.0), nn.Linear(3, 1))",
    "norm": "nn.BatchNorm1d(2)",
    "recurrent": "nn.LSTM(2, 3)",
    "attention": "nn.TransformerEncoderLayer(2, 1, 4, 0.0, batch_first=True)",
    "nested": "nn.ModuleDict({'a': nn.ModuleList([nn.Embedding(3, 4), nn.Conv2d(1, 2, 3)])})",
}


@pytest.mark.parametrize("name", LAYERS)
def test_whole_modules_of_pytorch_are_loaded(name, options):
    """Those of Wengert go the other way by their state."""
    oracle = pytest.importorskip("torch")
    stream = io.BytesIO()
    module = eval(LAYERS[name], {"nn": oracle.nn})
    oracle.save(module, stream, **options)
    stream.seek(0)
    with pytest.raises(pickle.UnpicklingError, match="Weights only load failed"):
        wengert.load(stream)
    stream.seek(0)
    loaded = wengert.load(stream, weights_only=False)
    assert repr(loaded) == repr(module)
    if name == "nested":
        return
    x = oracle.arange(8.0).reshape(2, 2, 2) if name != "norm" else oracle.arange(4.0).reshape(2, 2)
    found, expected = loaded(wengert.tensor(x.tolist())), module(x)
    if name == "recurrent":
        found, expected = found[0], expected[0]
    assert (found - wengert.tensor(expected.tolist())).abs().max() < 1e-5


@pytest.mark.parametrize("library", [wengert, "torch"])
def test_an_allowed_layer_is_loaded_with_weights_only(library):
    saving = pytest.importorskip("torch") if library == "torch" else library
    stream = io.BytesIO()
    saving.save(saving.nn.Tanh(), stream)
    stream.seek(0)
    with wengert.serialization.safe_globals([wengert.nn.Tanh]):
        assert repr(wengert.load(stream)) == "Tanh()"


def test_memory_itself_is_exchanged(pair, options):
    saving, loading = pair
    x = saving.tensor([1, 2, 3], dtype=saving.int16)
    stream = io.BytesIO()
    saving.save([x.untyped_storage()], stream, **options)
    stream.seek(0)
    if saving is not wengert and options:
        with pytest.raises(AttributeError):  # which is why Wengert writes memory of bytes
            saving.load(stream)
        stream.seek(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        (storage,) = loading.load(stream)
        assert loading.is_storage(storage) and storage.tolist() == [1, 0, 2, 0, 3, 0]


def test_what_shared_memory_shares_it_again(pair, options):
    saving, loading = pair
    stream = io.BytesIO()
    x = saving.zeros(3)
    saving.save([x, x[1:], saving.nn.Parameter(x)], stream, **options)
    stream.seek(0)
    whole, part, parameter = loading.load(stream)
    part.fill_(7)
    assert whole.tolist() == parameter.tolist() == [0, 7, 7]
    if loading is wengert:
        assert whole._version == part._version == 1


def test_an_optimizer_and_its_module_go_on_where_they_were(pair):
    saving, loading = pair

    def made(torch):
        torch.manual_seed(1)
        net = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1))
        return net, torch.optim.Adam(net.parameters(), lr=0.1)

    def steps(torch, net, optimizer, count):
        for _ in range(count):
            optimizer.zero_grad()
            (net(torch.ones(4, 2)) - 1).pow(2).sum().backward()
            optimizer.step()
        return net(torch.ones(1, 2)).item()

    net, optimizer = made(saving)
    steps(saving, net, optimizer, 3)
    stream = io.BytesIO()
    saving.save({"net": net.state_dict(), "optimizer": optimizer.state_dict()}, stream)
    stream.seek(0)
    found = loading.load(stream)
    again, its_optimizer = made(loading)
    again.load_state_dict(found["net"])
    its_optimizer.load_state_dict(found["optimizer"])
    expected = steps(saving, net, optimizer, 3)
    assert steps(loading, again, its_optimizer, 3) == pytest.approx(expected, rel=1e-5)


class Own:
    """A class that no file may name unasked."""

    def __init__(self, x):
        self.x = x


def test_other_classes_are_refused_unless_trusted(pair):
    saving, loading = pair
    if saving is not loading:
        saving = loading
    stream = io.BytesIO()
    saving.save(Own(saving.ones(2)), stream)

    def load(**options):
        stream.seek(0)
        return loading.load(stream, **options)

    with pytest.raises(pickle.UnpicklingError, match="Weights only load failed"):
        load()
    assert load(weights_only=False).x.tolist() == [1, 1]
    with loading.serialization.safe_globals([Own]):
        assert load().x.tolist() == [1, 1]
    with pytest.raises(pickle.UnpicklingError):
        load()


@pytest.mark.parametrize("library", [wengert, "torch"])
def test_refusals(library, tmp_path):
    torch = pytest.importorskip("torch") if library == "torch" else library
    x = torch.ones(2, dtype=torch.complex64)
    with pytest.raises(RuntimeError, match="view the same data as different types"):
        torch.save([x, torch.view_as_real(x)], io.BytesIO())
    with pytest.raises(FileNotFoundError):
        torch.load(tmp_path / "absent.pt")
    with pytest.raises(AttributeError):
        torch.load(3)
    with pytest.raises(pickle.UnpicklingError):
        torch.load(io.BytesIO(b"garbage that is no archive"))


def test_conjugates_negatives_attributes_and_subclasses_of_parameters(pair):
    saving, loading = pair

    class Scaled(saving.nn.Parameter):
        pass

    z = saving.tensor([1 + 2j, 3 - 1j])
    tagged, tagged_parameter = saving.ones(2), saving.nn.Parameter(saving.ones(2))
    tagged.tag, tagged_parameter.tag = "a", 3
    stream = io.BytesIO()
    saving.save(
        [
            z.conj(),
            saving.nn.Parameter(z.conj()),
            tagged,
            tagged_parameter,
            Scaled(tagged),
        ],
        stream,
    )
    stream.seek(0)
    conj, parameter, plain, leaf, scaled = loading.load(stream)
    assert conj.tolist() == [1 - 2j, 3 + 1j]
    assert parameter.tolist() == conj.tolist() and parameter.requires_grad
    assert (plain.tag, leaf.tag, type(leaf)) == ("a", 3, loading.nn.Parameter)
    assert type(scaled) is loading.nn.Parameter
    stream = io.BytesIO()
    saving.save(z.conj().imag, stream)
    stream.seek(0)
    assert loading.load(stream).tolist() == [-2, 1]


def test_trusted_names_may_be_given_with_the_class():
    class Own(wengert.Tensor):
        pass

    globals()["Own"] = Own
    Own.__qualname__ = "Own"
    stream = io.BytesIO()
    wengert.save(wengert.ones(1).as_subclass(Own), stream)
    stream.seek(0)
    with wengert.serialization.safe_globals([(Own, f"{__name__}.Own")]):
        assert type(wengert.load(stream)) is Own
