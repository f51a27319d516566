"""The memory of a tensor as an object to look at."""

import numpy as np
import pytest

import wengert as torch


@pytest.mark.parametrize("key", [3, -4, 10**9])
def test_an_index_past_the_end(key):
    with pytest.raises(IndexError, match=rf"index {key} is out of range for storage of size 3"):
        torch.ones(3, dtype=torch.uint8).untyped_storage()[key]


def test_keys_that_are_no_numbers():
    memory = torch.ones(3).untyped_storage()
    with pytest.raises(
        TypeError, match=r"indexed with a str, where elements of memory have numbers from 0 to 11"
    ):
        memory["a"]
    with pytest.raises(RuntimeError, match="a step of 2, where memory has none but 1"):
        memory[::2]
    with pytest.warns(UserWarning, match="TypedStorage is deprecated"):
        typed = torch.ones(3).storage()
    for key in ("a", slice(2), 1.5):
        with pytest.raises(RuntimeError, match="Other keys are for tensors"):
            typed[key]


def test_writing_is_refused_and_says_where_to_write():
    x = torch.ones(3)
    memory = x.untyped_storage()
    for write in (
        lambda: memory.__setitem__(0, 1),
        lambda: memory.fill_(0),
        lambda: memory.copy_(memory),
        lambda: memory.resize_(2),
    ):
        with pytest.raises(
            torch.errors.MissingFeatureError, match=r"Write to a tensor instead: x\[...\] = value"
        ):
            write()
    assert x.tolist() == [1, 1, 1]


def test_inside_a_transform():
    with pytest.raises(RuntimeError, match=r"untyped_storage\(\)"):
        torch.func.vmap(lambda x: x.untyped_storage())(torch.ones(3))


def test_the_slots_names_are_refused_as_attributes_of_a_class():
    with pytest.raises(
        TypeError, match="Frame: a class attribute `_payload`.*call it something else"
    ):

        class Frame(torch.Tensor):
            _payload = None


def test_a_base_may_not_hide_a_slot_either():
    class Plain:
        _edge = None

    with pytest.raises(TypeError, match="Mixed: a class attribute `_edge`"):

        class Mixed(Plain, torch.Tensor):
            pass


def test_attributes_in_a_file_may_not_hide_a_slot():
    from wengert.tensor.pickling import set_attributes

    x = torch.ones(2)
    with pytest.raises(TypeError, match="an attribute `_payload` would hide"):
        set_attributes(x, {"_payload": 5})
    assert x.tolist() == [1, 1]


def test_memory_is_told_apart_by_where_it_lies():
    x = torch.ones(4)
    memory = x.untyped_storage()
    assert memory == x[2:].untyped_storage() and len({memory, x.view(2, 2).untyped_storage()}) == 1
    assert memory != torch.ones(4).untyped_storage() and memory != 3
    assert memory[np.int64(2)] == 128
