"""Saving and loading: a failed call changes nothing, and what cannot be loaded is named."""

import gzip
import io
import mmap
import pickle
import struct
import zipfile
from types import SimpleNamespace

import numpy as np
import pytest

import wengert as torch


def test_a_failed_save_leaves_the_file_as_it_was(tmp_path):
    path = tmp_path / "x.pt"
    torch.save(torch.ones(2), path)
    before = path.read_bytes()
    with pytest.raises((AttributeError, pickle.PicklingError)):
        torch.save([torch.ones(2), lambda: 1], path)
    assert path.read_bytes() == before


def test_memory_starts_at_multiples_of_64_bytes(tmp_path):
    path = tmp_path / "x.pt"
    torch.save([torch.ones(n) for n in (1, 5, 100)], path)
    raw = path.read_bytes()
    for entry in zipfile.ZipFile(path).infolist():
        header = entry.header_offset + 26
        name, extra = (int.from_bytes(raw[header + i : header + i + 2], "little") for i in (0, 2))
        assert (entry.header_offset + 30 + name + extra) % 64 == 0


def test_a_file_of_another_byte_order():
    file, turned = io.BytesIO(), io.BytesIO()
    torch.save(torch.tensor([1, 2]), file)
    with zipfile.ZipFile(file) as source, zipfile.ZipFile(turned, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name.endswith("byteorder"):
                content = b"big"
            if "/data/" in name:
                content = b"".join(content[i : i + 8][::-1] for i in range(0, len(content), 8))
            target.writestr(name, content)
    turned.seek(0)
    assert torch.load(turned).tolist() == [1, 2]


def stored_elsewhere():
    """A file whose tensor was on another device."""
    file, moved = io.BytesIO(), io.BytesIO()
    torch.save(torch.ones(2), file)
    with zipfile.ZipFile(file) as source, zipfile.ZipFile(moved, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            place = content.replace(b"X\x03\x00\x00\x00cpu", b"X\x06\x00\x00\x00cuda:0")
            target.writestr(name, place)
    moved.seek(0)
    return moved


def test_tensors_of_other_devices_need_a_place():
    with pytest.raises(RuntimeError, match="device 'cuda:0'.*map_location='cpu'"):
        torch.load(stored_elsewhere())
    for place in ("cpu", torch.device("cpu"), {"cuda:0": "cpu"}, lambda storage, where: storage):
        assert torch.load(stored_elsewhere(), map_location=place).tolist() == [1, 1]
    with pytest.raises(RuntimeError, match="map_location names the device cuda"):
        torch.load(stored_elsewhere(), map_location="cuda:0")


class Unwritable:
    write = 3


def test_refusals_in_words(tmp_path):
    with pytest.raises(AttributeError, match="a path or a file open for writing bytes, not int"):
        torch.save(1, 3)
    with pytest.raises(TypeError, match="what this Unwritable has as `write` cannot be called"):
        torch.save(1, Unwritable())
    absent = tmp_path / "absent"
    with pytest.raises(RuntimeError, match=f"Parent directory {absent} does not exist.*makedirs"):
        torch.save(1, absent / "x.pt")
    with pytest.raises(RuntimeError, match="it is a directory. Give the path of a file"):
        torch.save(1, tmp_path)
    with pytest.raises(FileNotFoundError):
        torch.save(1, absent / "x.pt", _use_new_zipfile_serialization=False)
    with pytest.raises(AttributeError, match="open for reading bytes, not int. Give a path"):
        torch.load(3)
    with pytest.raises(AssertionError, match="gives text, not bytes"):
        torch.load(io.StringIO("x"))
    with pytest.raises(TypeError, match="a function of a storage and its location, not int"):
        torch.load(saved(1), map_location=3)
    with pytest.raises(TypeError, match="return a storage or None, not int"):
        torch.load(saved(torch.ones(1)), map_location=lambda storage, location: 3)
    with pytest.raises(RuntimeError, match="Can not safely load weights"):
        torch.load(saved(1), pickle_module=pickle, weights_only=True)


class Unseekable(io.BytesIO):
    def seek(self, *place):
        raise io.UnsupportedOperation("underlying stream is not seekable")


class Unplaced:
    def read(self, n=-1):
        return b""


def test_files_are_to_be_seekable():
    with pytest.raises(io.UnsupportedOperation, match="from a file that is seekable.*io.BytesIO"):
        torch.load(Unseekable(b"x"))
    with pytest.raises(AttributeError, match="Unplaced has no `seek` and `tell`"):
        torch.load(Unplaced())


def saved(obj, **options):
    """A file with an object in it, to be read from its beginning."""
    file = io.BytesIO()
    torch.save(obj, file, **options)
    file.seek(0)
    return file


OLD = {"_use_new_zipfile_serialization": False}
"""Asks for the format from before PyTorch 1.6."""


def zipped(content):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as target:
        for name, held in content.items():
            target.writestr(name, held)
    return file.getvalue()


def kept_by_numpy(keep, *arrays):
    file = io.BytesIO()
    keep(file, *arrays)
    return file.getvalue()


WHOLE, STREAM = saved(torch.ones(50)).getvalue(), saved(torch.ones(50), **OLD).getvalue()
PICKLED_MAGIC = pickle.dumps(0x1950A86A20F9469CFC6C, 2)
OTHER_FILES = {
    "empty": (b"", EOFError, "is empty, or was read to its end"),
    "text": (b"some words\n", pickle.UnpicklingError, "It is text that begins with 'some words'"),
    "page": (b"<!DOCTYPE html><html>", pickle.UnpicklingError, "It is an HTML page"),
    "pointer": (
        b"version https://git-lfs.github.com/spec/v1\n",
        pickle.UnpicklingError,
        "git lfs pull",
    ),
    "bytes": (bytes(9), pickle.UnpicklingError, "it begins with the bytes 00 00"),
    "latin": (b"caf\xe9 au lait", pickle.UnpicklingError, "it begins with the bytes 63 61"),
    "pickle": (pickle.dumps([1]), RuntimeError, "Invalid magic number.*a pickle of something else"),
    "old pickle": (pickle.dumps(3, 2), RuntimeError, "Invalid magic number.*pickle.load"),
    "pickled code": (pickle.dumps(io.StringIO, 2), RuntimeError, "a pickle of something else"),
    "array": (
        kept_by_numpy(np.save, np.ones(2)),
        pickle.UnpicklingError,
        "a NumPy file of one array",
    ),
    "arrays": (kept_by_numpy(np.savez, np.ones(2)), RuntimeError, "a NumPy archive.*numpy.load"),
    "zip": (zipped({"a/b": b""}), RuntimeError, r"it has no data.pkl, but \['a/b'\]"),
    "script": (
        zipped({"a/data.pkl": b"", "a/constants.pkl": b""}),
        RuntimeError,
        "TorchScript archive.*state_dict",
    ),
    "gzip": (gzip.compress(WHOLE), pickle.UnpicklingError, "gzip.open"),
    "tar": (bytes(257) + b"ustar", pickle.UnpicklingError, "a tar archive"),
    "safetensors": (b"\2\0\0\0\0\0\0\0{}", pickle.UnpicklingError, "safetensors.numpy.load_file"),
    "cut early": (WHOLE[:10], RuntimeError, "cut off or damaged"),
    "cut late": (WHOLE[:-30], RuntimeError, "cut off or damaged"),
    "old, cut in its magic": (STREAM[:5], EOFError, "ends in the middle of an object"),
    "old, cut in its head": (STREAM[:60], EOFError, "ends in the middle of an object"),
    "old, cut in its object": (STREAM[:200], EOFError, "ends in the middle of an object"),
    "old, cut in its memory": (
        STREAM[:-30],
        RuntimeError,
        "unexpected EOF, expected 30 more bytes",
    ),
    "old, cut before its memory": (STREAM[:-208], RuntimeError, "expected 8 more bytes"),
    "old, of another version": (
        PICKLED_MAGIC + pickle.dumps(1000, 2),
        RuntimeError,
        "Invalid protocol version: 1000",
    ),
    "damaged": (
        WHOLE.replace(b"FloatStorage", b"floatStorage"),
        RuntimeError,
        "the file is damaged",
    ),
    "without its memory": (
        zipped(
            {
                "a/data.pkl": b"\x80\x02(X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\x000X\3\0\0\0cpuK\1tQ."
            }
        ),
        RuntimeError,
        "has no entry 'data/0'",
    ),
    "of an odd order": (
        zipped({"a/data.pkl": b"N.", "a/byteorder": b"odd"}),
        ValueError,
        "Unknown endianness type: 'odd'",
    ),
    "nonsense": (
        zipped({"a/data.pkl": b"\x80\x02h\7."}),
        pickle.UnpicklingError,
        "makes no sense|not found",
    ),
}


@pytest.mark.parametrize("trusting", [False, True])
@pytest.mark.parametrize("name", OTHER_FILES)
def test_a_file_that_cannot_be_read_is_recognised(name, trusting, tmp_path):
    content, kind, words = OTHER_FILES[name]
    path = tmp_path / "x.pt"
    path.write_bytes(content)
    for file in (path, io.BytesIO(content)):
        with pytest.raises(kind, match=words):
            torch.load(file, weights_only=not trusting)


def test_files_without_sums_are_read():
    """PyTorch can be told to leave out the sums by which damage is noticed, and writes 0 for them."""
    source = saved(torch.arange(3))
    archive = zipfile.ZipFile(source)
    raw = source.getvalue()
    for entry in archive.infolist():
        raw = raw.replace(struct.pack("<I", entry.CRC), bytes(4))
    assert torch.load(io.BytesIO(raw)).tolist() == [0, 1, 2]


def test_a_mapped_file_is_written_to_only_where_that_is_asked_for(tmp_path):
    path = tmp_path / "x.pt"
    torch.save([torch.zeros(3), torch.zeros(0), torch.ones(2)], path)
    before = path.read_bytes()
    x, empty, y = torch.load(path, mmap=True)
    x.add_(1)
    assert (x.tolist(), empty.shape, y.tolist()) == ([1, 1, 1], (0,), [1, 1])
    assert path.read_bytes() == before
    with torch.serialization.set_default_mmap_options(mmap.MAP_SHARED):
        x, _, _ = torch.load(path, mmap=True)
        x.add_(2)
        with pytest.warns(UserWarning, match="other bytes than torch.save wrote in 'data/0'"):
            assert torch.load(path)[0].tolist() == [2, 2, 2]
    assert torch.serialization.get_default_mmap_options() == mmap.MAP_PRIVATE
    with pytest.raises(
        ValueError, match="expected mmap.MAP_PRIVATE or mmap.MAP_SHARED, but got 77"
    ):
        torch.serialization.set_default_mmap_options(77)
    with pytest.raises(ValueError, match="f must be a file path"):
        torch.load(saved(1), mmap=True)
    torch.save(1, path, **OLD)
    with pytest.raises(RuntimeError, match="mmap can only be used with files saved with"):
        torch.load(path, mmap=True)


@pytest.mark.parametrize("options", [{}, OLD])
def test_another_module_of_pickles_may_be_used(options):
    """One that derives from Python's pickler, as dill does, and one that derives from C's, as cloudpickle does."""

    class InPython(pickle._Pickler):
        dispatch = dict(pickle._Pickler.dispatch)

        def save_function(self, obj):
            self.save_reduce(getattr, (io, "StringIO"), obj=obj)

        dispatch[type(saved)] = save_function

    class InC(pickle.Pickler):
        def reducer_override(self, obj):
            return (getattr, (io, "StringIO")) if isinstance(obj, type(saved)) else NotImplemented

    for base in (InPython, InC):
        module = SimpleNamespace(Pickler=base, Unpickler=pickle.Unpickler, __name__="other")
        x = torch.ones(3)
        with pytest.raises((pickle.PicklingError, AttributeError)):
            torch.save([lambda: 1], io.BytesIO(), **options)
        file = io.BytesIO()
        base.dispatch_table = {type(io): lambda module: (__import__, (module.__name__,))}
        torch.save([x, lambda: 1, x[1:]], file, pickle_module=module, **options)
        file.seek(0)
        whole, called, part = torch.load(file, weights_only=False)
        part.fill_(2)
        assert (whole.tolist(), called) == ([1, 2, 2], io.StringIO)


def test_several_old_files_may_follow_each_other():
    file = io.BytesIO(b"before")
    file.seek(6)
    for n in range(3):
        torch.save(torch.full((n,), n), file, **OLD)
    file.write(b"after")
    file.seek(6)
    assert [torch.load(file).tolist() for _ in range(3)] == [[], [1], [2, 2]]
    assert file.read() == b"after"


def test_an_old_file_may_name_a_part_of_a_memory_and_a_module():
    """As PyTorch wrote them: parts until 1.0, and of modules the class, with its source, until 1.6."""

    file = io.BytesIO()
    for part in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}):
        pickle.dump(part, file, 2)
    long = b"(X\x07\0\0\0storagectorch\nLongStorage\nX\x01\0\0\x000X\x03\0\0\0cpuK\x04"
    part = long + b"(X\x01\0\0\x00vK\x01K\x02ttQ"
    tensor = b"ctorch._utils\n_rebuild_tensor\n(" + long + b"NtQK\0(K\x04t(K\x01ttR"
    view = b"ctorch._utils\n_rebuild_tensor\n(" + part + b"K\0(K\x02t(K\x01ttR"
    module = b"(X\x06\0\0\0modulecbuiltins\ndict\nX\x01\0\0\x00fX\x01\0\0\x00stQ"
    head = file.getvalue()
    tail = pickle.dumps(["0"], 2) + struct.pack("<5q", 4, 1, 2, 3, 4)

    def load(*objects, **options):
        return torch.load(
            io.BytesIO(head + b"\x80\x02(" + b"".join(objects) + b"l." + tail), **options
        )

    whole, shown = load(tensor, view)
    shown.add_(10)
    assert (whole.tolist(), whole._version) == ([1, 12, 13, 4], 1)
    assert load(tensor, module, weights_only=False)[1] is dict
    with pytest.raises(pickle.UnpicklingError, match="(?s)Weights only load failed.*dict"):
        load(tensor, module)
    module = module.replace(b"builtins\ndict", b"builtins\nset\n".rstrip(b"\n"))
    with pytest.raises(pickle.UnpicklingError, match="the file holds a module"):
        load(tensor, module)
    with pytest.raises(pickle.UnpicklingError, match="an object of an unknown sort: 'thing'"):
        load(b"(X\x05\0\0\0thingtQ")


def test_memory_of_other_devices_goes_where_it_is_told():
    asked = []

    def place(storage, location):
        asked.append((storage.size(), location))
        return storage.cpu()

    for options in ({}, OLD):
        assert torch.load(saved([torch.ones(2), torch.ones(3)], **options), place)[0].tolist() == [
            1,
            1,
        ]
    assert asked == [(2, "cpu"), (3, "cpu")] * 2
    other = torch.zeros(2)
    found = torch.load(saved(torch.ones(2)), lambda storage, location: other.untyped_storage())
    assert found.tolist() == [0, 0]
    with pytest.raises(RuntimeError, match="map_location names the device cuda"):
        torch.load(saved(torch.ones(2)), {"cpu": "cuda:1"})


def test_a_package_may_say_where_memory_lies(monkeypatch):
    from wengert.serialization import places

    monkeypatch.setattr(places, "_packages", list(places._packages))
    assert torch.serialization.location_tag(torch.ones(1).untyped_storage()) == "cpu"
    torch.serialization.register_package(
        5,
        lambda storage: "tape:3",
        lambda storage, location: storage if location.startswith("tape") else None,
    )
    file = saved(torch.ones(2))
    assert b"tape:3" in file.getvalue()
    assert torch.load(file).tolist() == [1, 1]
    monkeypatch.setattr(places, "_packages", places._packages[1:])
    file.seek(0)
    with pytest.raises(RuntimeError, match="tensors of the device 'tape:3'"):
        torch.load(file)
    monkeypatch.setattr(places, "_packages", [])
    with pytest.raises(RuntimeError, match="don't know how to determine data location"):
        torch.save(torch.ones(1), io.BytesIO())


def test_the_order_of_bytes_where_a_file_does_not_say():
    serialization = torch.serialization
    raw = saved(
        torch.tensor([1, 256], dtype=torch.int16), _disable_byteorder_record=True
    ).getvalue()
    kinds = serialization.LoadEndianness
    for kind, expected in ((None, [1, 256]), (kinds.LITTLE, [1, 256]), (kinds.BIG, [256, 1])):
        serialization.set_default_load_endianness(kind)
        try:
            assert serialization.get_default_load_endianness() is kind
            assert torch.load(io.BytesIO(raw)).tolist() == expected
        finally:
            serialization.set_default_load_endianness(None)
    with pytest.raises(TypeError, match="expected a torch.serialization.LoadEndianness or None"):
        serialization.set_default_load_endianness("big")


def test_a_tensor_outside_its_memory_is_refused():
    raw = saved(torch.ones(3), **OLD).getvalue()
    size = raw.index(b"K\x03\x85") if b"K\x03\x85" in raw else raw.index(b"K\x00K\x03") + 2
    with pytest.raises(RuntimeError, match="a tensor of size .* in a memory of 12 bytes"):
        torch.load(io.BytesIO(raw[: size + 1] + b"\x09" + raw[size + 2 :]))


def test_a_trace_refuses_to_save():
    from wengert.trace import trace

    with pytest.raises(RuntimeError, match="save"):
        trace(lambda x: torch.save(x, io.BytesIO()), torch.ones(2))


def test_lazy_modules_are_saved():
    again = torch.load(saved(torch.nn.LazyLinear(3)), weights_only=False)
    assert again(torch.ones(2, 4)).shape == (2, 3)
