"""Nodes and edges of the graph that recording leaves behind, as `grad_fn` shows them."""

from __future__ import annotations

from types import CodeType
from typing import Any, Final
from weakref import WeakValueDictionary

from wengert.core.primitive import Primitive
from wengert.core.shapes import Shape
from wengert.rules import BOOK
from wengert.rules.structural import t
from wengert.tape.hooks import Hook, NodeHook, RemovableHandle, require_callable, run_node_hooks
from wengert.tape.provenance import Place
from wengert.tape.storage import GradCell, refuse_in_trace, refuse_node_in_trace

PREFIXED: Final = frozenset({"CopyBackwards", "CopySlices"})
"""Nodes whose ``name()`` PyTorch puts into its namespace."""


class Extra:
    """The rare parts of a node: hooks before and after it, per-output hooks, retained gradients, user metadata.

    ``turned`` is the node that stands for the transposition of a weight, once somebody has looked (see `Addmm`).
    """

    __slots__ = ("metadata", "post", "pre", "retained", "tensor_hooks", "turned")

    def __init__(self) -> None:
        self.pre: dict[int, Hook] = {}
        self.post: dict[int, Hook] = {}
        self.tensor_hooks: dict[int, dict[int, Hook]] = {}
        self.retained: dict[int, GradCell] = {}
        self.metadata: dict[Any, Any] = {}
        self.turned: Node | None = None

    @property
    def acts_after(self) -> bool:
        """Whether hooks run after the node's rule."""
        turned = self.turned
        return bool(self.post) or (turned is not None and turned.extra is not None)

    @property
    def may_replace(self) -> bool:
        """Whether a hook may put another gradient in the place of the one that arrives."""
        return bool(self.pre or self.tensor_hooks)


class Node:
    """One recorded operation. Each row has a subclass of its own, named as PyTorch names it.

    ``edges``   where cotangents go: one per operand, None where none flows
    ``saved``   operands and outputs that its rules read; None once freed
    ``shapes``  shapes of the operands, when a rule reads them
    ``rank``    its time on the clock that counts down: the newest node has the lowest rank
    ``shape``   of its output; for several outputs the engine reads ``outputs`` instead

    ``packing`` of a class is the order in which hooks of saved tensors are given what its nodes save: that of PyTorch's
    names, results last; None for the order in the row.
    """

    __slots__ = (
        "code", "edges", "extra", "offset", "outputs", "params", "rank", "saved", "shape", "shapes", "__weakref__",
    )  # fmt: skip

    row: Primitive | None = None
    packing: tuple[int, ...] | None = None
    edges: tuple[Any, ...]
    saved: tuple[Any, ...] | None
    params: dict[str, Any]
    shapes: tuple[Shape, ...]
    rank: int
    shape: Shape
    outputs: tuple[tuple[Shape, Any], ...] | None
    code: CodeType
    offset: int
    extra: Extra | None

    def name(self) -> str:
        """Return the name PyTorch gives this operation's node, such as ``MulBackward0``."""
        name = type(self).__name__
        return f"torch::autograd::{name}" if name in PREFIXED else name

    @property
    def place(self) -> Place:
        """Where in the user's program the forward ran."""
        return self.code, self.offset

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        """The nodes that this one's cotangents go to, each with the number of the output it belongs to."""
        return tuple(edge_function(edge) for edge in self.edges)

    def run_post_hooks(self, grads: tuple[Any, ...], outputs: tuple[Any, ...]) -> tuple[Any, ...]:
        """Run the hooks after the rule on the gradients of operands and outputs; return those of the operands."""
        return run_node_hooks(self.name(), self.extras().post, grads, outputs)

    @property
    def metadata(self) -> dict[Any, Any]:
        """A dict for the user's own notes on this node."""
        return self.extras().metadata

    def extras(self) -> Extra:
        """Return the rare parts, making them when there are none yet."""
        if self.extra is None:
            self.extra = Extra()
        return self.extra

    def register_hook(self, fn: Hook) -> RemovableHandle:
        """Call ``fn(grad_inputs, grad_outputs)`` after the node's rule; a tuple replaces ``grad_inputs``.

        ``grad_outputs`` are the gradients of what the forward returned, ``grad_inputs`` those of its operands.

        >>> import wengert as torch
        >>> x = torch.tensor(2., requires_grad=True)
        >>> y = x * 3
        >>> handle = y.grad_fn.register_hook(lambda grad_inputs, grad_outputs: (grad_inputs[0] * 10, None))
        >>> y.backward()
        >>> x.grad
        tensor(30.)
        """
        require_callable("register_hook", fn)
        refuse_node_in_trace(self.rank, "grad_fn.register_hook()")
        return RemovableHandle(self.extras().post, fn)

    def register_prehook(self, fn: Hook) -> RemovableHandle:
        """Call ``fn(grad_outputs)`` before the node's rule; a tuple replaces ``grad_outputs``."""
        require_callable("register_prehook", fn)
        refuse_node_in_trace(self.rank, "grad_fn.register_prehook()")
        return RemovableHandle(self.extras().pre, fn)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} object at {id(self):#x}>"


class Output:
    """The edge of one output of a node that has several."""

    __slots__ = ("index", "node", "shape")

    def __init__(self, node: Node, index: int, shape: Shape) -> None:
        self.node, self.index, self.shape = node, index, shape

    @property
    def row(self) -> Primitive | None:
        """The row of its node."""
        return self.node.row

    @property
    def edges(self) -> tuple[Any, ...]:
        """Where the cotangents of its node go."""
        return self.node.edges


class AccumulateGrad(Node):
    """The graph's view of a leaf: adds what arrives to ``variable.grad``. A leaf has one while anyone looks at it.

    Its hooks stay with the leaf.
    """

    __slots__ = ("cell", "notes")

    def __init__(self, cell: GradCell) -> None:
        self.cell = cell
        self.notes: dict[Any, Any] = {}

    @property
    def metadata(self) -> dict[Any, Any]:
        """A dict for the user's own notes on this leaf."""
        return self.notes

    @property
    def variable(self) -> Any:
        """The leaf, while it lives."""
        return self.cell.tensor()

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        """Nothing: gradients end here."""
        return ()

    def name(self) -> str:
        """Return PyTorch's name for it."""
        return "torch::autograd::AccumulateGrad"

    def register_hook(self, fn: Hook) -> RemovableHandle:
        """Call ``fn((), (grad,))`` when ``grad`` has landed in the leaf's ``.grad``."""
        require_callable("register_hook", fn)
        refuse_in_trace(self.variable, "grad_fn.register_hook()")
        if self.cell.post_hooks is None:
            self.cell.post_hooks = {}
        return RemovableHandle(self.cell.post_hooks, NodeHook(fn))

    def register_prehook(self, fn: Hook) -> RemovableHandle:
        """Call ``fn((grad,))`` before ``grad`` lands; a tuple of one gradient replaces it."""
        require_callable("register_prehook", fn)
        refuse_in_trace(self.variable, "grad_fn.register_prehook()")
        if self.cell.hooks is None:
            self.cell.hooks = {}
        return RemovableHandle(self.cell.hooks, NodeHook(fn))

    def __repr__(self) -> str:
        return f"<AccumulateGrad object at {id(self):#x}>"


_accumulators: WeakValueDictionary[GradCell, AccumulateGrad] = WeakValueDictionary()


def edge_function(edge: Any) -> tuple[Any, int]:
    """Return an edge as PyTorch shows it: ``(grad_fn, output number)``."""
    if edge is None:
        return None, 0
    if isinstance(edge, GradCell):
        return _accumulators.setdefault(edge, AccumulateGrad(edge)), 0
    if isinstance(edge, Output):
        return edge.node, edge.index
    return edge, 0


def edge_node(edge: Any) -> tuple[Node | None, int]:
    """Return the node behind an edge and the output number; (None, 0) for a leaf."""
    if isinstance(edge, Output):
        return edge.node, edge.index
    return (None, 0) if edge is None or isinstance(edge, GradCell) else (edge, 0)


class TBackward0(Node):
    """The transposition of a weight in `linear`, made when the graph is looked at. The product runs its hooks."""

    __slots__ = ()

    def __init__(self, product: Node) -> None:
        self.edges = product.edges[1:2]
        self.code, self.offset, self.rank = product.code, product.offset, product.rank
        self.saved, self.extra, self.outputs = (), None, None


class Addmm(Node):
    """Base of the nodes of `linear`, which show what PyTorch records: bias, vectors, and the weight, transposed."""

    __slots__ = ()

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        """The nodes of the bias, of the vectors, and the one that stands for the weight's transposition."""
        x, weight, bias = map(edge_function, self.edges)
        if weight[0] is not None:
            extra = self.extras()
            if extra.turned is None:
                extra.turned = TBackward0(self)
            weight = extra.turned, 0
        return bias, x, weight

    def run_post_hooks(self, grads: tuple[Any, ...], outputs: tuple[Any, ...]) -> tuple[Any, ...]:
        """Run the node's own hooks on what it shows, then those of the weight's transposition."""
        x, weight, bias = grads
        extra, turned = self.extras(), None if weight is None else t(weight)
        bias, x, turned = run_node_hooks(self.name(), extra.post, (bias, x, turned), outputs)
        node = extra.turned
        if turned is not None and node is not None and node.extra is not None:
            arrived = run_node_hooks(node.name(), node.extra.pre, (turned,))
            (turned,) = arrived
            left = (None if turned is None else t(turned),)
            (weight,) = run_node_hooks(node.name(), node.extra.post, left, arrived)
        else:
            weight = None if turned is None else t(turned)
        return x, weight, bias


BASES: Final[dict[str, type[Node]]] = {"linear": Addmm}
"""The classes of nodes that show themselves otherwise than they are, by rows."""


def node_class(row: Primitive) -> type[Node]:
    """Return the class of a row's nodes, made when the row is first recorded."""
    if row.node is None:
        base = BASES.get(row.name, Node)
        row.node = type(row.backward_name, (base,), {"__slots__": (), "row": row})
    found: type[Node] = row.node
    return found


for _row in BOOK.values():
    node_class(_row)
