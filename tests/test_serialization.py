"""Saving and loading: a failed call changes nothing, and what cannot be loaded is named."""

import io
import pickle
import zipfile

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


def test_what_a_file_names_and_wengert_lacks_is_named():
    class Named(pickle._Pickler):
        def save(self, obj, save_persistent_id=True):
            self.write(b"ctorch.nn.modules.nowhere\nLayer\n")

    inner = io.BytesIO()
    Named(inner, 2).dump(None)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as target:
        target.writestr("archive/data.pkl", inner.getvalue())
    with pytest.raises(
        pickle.UnpicklingError, match=r"Wengert has no `torch\.nn\.modules\.nowhere\.Layer`"
    ):
        torch.load(file, weights_only=False)


def test_a_class_is_refused_in_words_that_say_what_to_do():
    file = io.BytesIO()
    torch.save(io.StringIO, file)
    file.seek(0)
    with pytest.raises(pickle.UnpicklingError, match="weights_only=False.*add_safe_globals"):
        torch.load(file)


def test_refusals_in_words():
    with pytest.raises(
        TypeError, match="expected a path or a file open for writing bytes, not int"
    ):
        torch.save(1, 3)
    with pytest.raises(ValueError, match="before PyTorch 1.6"):
        torch.save(1, io.BytesIO(), _use_new_zipfile_serialization=False)
    with pytest.raises(pickle.UnpicklingError, match="no zip archive"):
        torch.load(io.BytesIO(b"nothing of the kind"))
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as target:
        target.writestr("a/b", b"")
    with pytest.raises(RuntimeError, match="no data.pkl"):
        torch.load(other)


def test_safe_globals_are_kept_and_forgotten():
    serialization = torch.serialization
    serialization.add_safe_globals([io.BytesIO])
    assert serialization.get_safe_globals() == [io.BytesIO]
    serialization.clear_safe_globals()
    assert serialization.get_safe_globals() == []


def test_a_trace_refuses_to_save():
    from wengert.trace import trace

    with pytest.raises(RuntimeError, match="save"):
        trace(lambda x: torch.save(x, io.BytesIO()), torch.ones(2))
