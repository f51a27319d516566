"""Subclasses that override `__torch_function__` are told that Wengert's functions do not call it."""

from __future__ import annotations

import warnings

import pytest

import wengert as torch


def test_an_override_is_a_warning():
    with pytest.warns(UserWarning, match=r"Loud overrides __torch_function__.*as_subclass\(Loud\)"):

        class Loud(torch.Tensor):
            @classmethod
            def __torch_function__(cls, func, types, args=(), kwargs=None):
                return super().__torch_function__(func, types, args, kwargs)


def test_a_plain_subclass_and_one_of_a_parameter_are_silent():
    with warnings.catch_warnings():
        warnings.simplefilter("error")

        class Named(torch.Tensor):
            pass

        class Special(torch.nn.Parameter):
            pass

    assert isinstance(Named([1.0]), Named)
    assert isinstance(Special(torch.ones(1)), torch.nn.Parameter)


def test_subclasses_count_as_plain_inside_the_block():
    class Named(torch.Tensor):
        pass

    x = torch.ones(1).as_subclass(Named)
    assert torch.overrides.has_torch_function((x,))
    with torch.overrides.DisableTorchFunctionSubclass():
        assert not torch.overrides.has_torch_function((x,))
    assert torch.overrides.has_torch_function((x,))
