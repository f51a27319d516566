"""The named methods of `Tensor`, a table for each family: every line spells a function of this layer as a method.

An op has its line here with its form in place, where PyTorch has one. Nothing is computed here.
"""

from wengert.tensor.methods.conversion import ConversionMethods
from wengert.tensor.methods.indexing import IndexingMethods
from wengert.tensor.methods.linear import LinearMethods
from wengert.tensor.methods.making import MakingMethods
from wengert.tensor.methods.measures import MeasuringMethods
from wengert.tensor.methods.parts import PartMethods
from wengert.tensor.methods.placement import PlacementMethods
from wengert.tensor.methods.pointwise import PointwiseMethods
from wengert.tensor.methods.randomness import RandomMethods
from wengert.tensor.methods.reductions import ReductionMethods
from wengert.tensor.methods.shape import ShapeMethods


class Methods(
    PointwiseMethods,
    PartMethods,
    ReductionMethods,
    ShapeMethods,
    IndexingMethods,
    LinearMethods,
    ConversionMethods,
    MakingMethods,
    MeasuringMethods,
    PlacementMethods,
    RandomMethods,
):
    """PyTorch's methods on tensors; see the functions of the same names for what they do."""

    __slots__ = ()


__all__ = ["Methods"]
