"""What `load` trusts: which names it follows, and that files which it does not trust change and call nothing."""

import io
import os
import pickle
import zipfile
from collections import OrderedDict

import pytest

import wengert as torch


def saved(obj, **options):
    """A file with an object in it, to be read from its beginning."""
    file = io.BytesIO()
    torch.save(obj, file, **options)
    file.seek(0)
    return file


def zipped(content):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as target:
        for name, held in content.items():
            target.writestr(name, held)
    return file.getvalue()


def test_what_a_file_names_and_wengert_lacks_is_named():
    class Named(pickle._Pickler):
        def save(self, obj, save_persistent_id=True):
            self.write(b"ctorch.nn.modules.nowhere\nLayer\n")

    inner = io.BytesIO()
    Named(inner, 2).dump(None)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as target:
        target.writestr("archive/data.pkl", inner.getvalue())
    file.seek(0)
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


def test_what_would_not_be_loaded_is_listed(tmp_path):
    path = tmp_path / "x.pt"
    torch.save([io.StringIO, torch.ones(1), OrderedDict(), {1}], path)
    listed = torch.serialization.get_unsafe_globals_in_checkpoint
    assert listed(path) == ["_io.StringIO"]
    with torch.serialization.safe_globals([io.StringIO]):
        assert listed(path) == []
    torch.save([io.StringIO], path, pickle_protocol=4)
    assert listed(path) == ["_io.StringIO"]
    old = saved(torch.ones(2), _use_new_zipfile_serialization=False).getvalue()
    for content in (b"x", old, zipped({"a/b": b""})):
        with pytest.raises(
            ValueError, match="Expected input to be a checkpoint returned by torch.save"
        ):
            listed(io.BytesIO(content))


def test_the_environment_may_decide_what_is_trusted(monkeypatch):
    file = saved(io.StringIO)

    def load(**options):
        file.seek(0)
        return torch.load(file, **options)

    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    with pytest.warns(UserWarning, match="TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD is set"):
        assert load() is io.StringIO
    with pytest.raises(pickle.UnpicklingError):
        load(weights_only=True)
    monkeypatch.setenv("TORCH_FORCE_WEIGHTS_ONLY_LOAD", "yes")
    with pytest.raises(RuntimeError, match="only one of the environment variables"):
        load()
    monkeypatch.delenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD")
    with pytest.raises(pickle.UnpicklingError):
        load(weights_only=False)


def pickled(code):
    """A file whose object is unpickled by these instructions."""
    return io.BytesIO(zipped({"a/data.pkl": b"\x80\x02" + code + b"."}))


HOSTILE = {
    "a call of what a file may not name": b"(l)R",
    "attributes of a class": b"ctorch\nTensor\n}X\3\0\0\0addctorch\nSize\nsb",
    "a slot of a class": b"ctorch\nTensor\nN}X\3\0\0\0addctorch\nSize\ns\x86b",
    "an instance of the old style": b"(i__builtin__\nset\n",
    "an object of the old style": b"(c__builtin__\nset\no",
    "a registered number": b"\x82\1",
    "a call of a result": b"ctorch\nSize\n)R)R",
    "a module that is barred": b"cos\nsystem\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_files_that_are_not_trusted_change_and_call_nothing(name):
    before = torch.Tensor.add
    with torch.serialization.safe_globals([(os.system, "os.system"), (os.system, "posix.system")]):
        with pytest.raises(pickle.UnpicklingError, match="Weights only load failed"):
            torch.load(pickled(HOSTILE[name]))
    assert torch.Tensor.add is before


def test_allowed_names_are_checked():
    add = torch.serialization.add_safe_globals
    with pytest.raises(ValueError, match="a tuple of length 3"):
        add([(1, 2, 3)])
    with pytest.raises(TypeError, match="the full name as text, not int"):
        add([(io.StringIO, 2)])
    assert torch.serialization.get_safe_globals() == []


def test_safe_globals_are_kept_and_forgotten():
    serialization = torch.serialization
    serialization.add_safe_globals([io.BytesIO])
    assert serialization.get_safe_globals() == [io.BytesIO]
    serialization.clear_safe_globals()
    assert serialization.get_safe_globals() == []
