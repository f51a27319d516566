"""The row: one primitive with its forward, derivative, batching and lowering, and the constructors of the five kinds.

A rule is a function of a cotangent (or tangent) and of *residuals*, and it names them by its parameters: an operand's
name (``x, y, z``), an output's (``out``), ``x_shape`` for an operand's shape, a parameter of the row, ``position`` for
the operand's index in a variadic row, ``shapes`` for all operands' shapes. Names are read once, at registration.
Nothing here knows tensors or tapes.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Sequence
from typing import Any, Final, Literal

from wengert.core.carrier import RAW, interpret
from wengert.core.lowering import Lowering
from wengert.core.silence import silent

Kind = Literal["elementwise", "linear", "general", "constant", "composite"]
Pull = Callable[[Any, Sequence[Any], dict[str, Any], Sequence[tuple[int, ...]], int], Any]
OPERANDS: Final = ("x", "y", "z", "w")

BOOK: Final[dict[str, Primitive]] = {}
"""The rulebook: every primitive by name."""


class Rule:
    """A derivative rule with the names of what it needs, ready to be called.

    ``pull(ct, values, params, shapes, position)`` calls it; ``values`` are the row's operands followed by its outputs.
    A rule of at most two values and nothing else has ``arity`` 0, 1 or 2 and may be called as ``fn(ct, values[first],
    values[second])``; others have arity -1.
    """

    __slots__ = ("arity", "first", "fn", "names", "needs", "pull", "second", "wants_shape")

    def __init__(self, fn: Callable[..., Any], layout: tuple[str, ...]) -> None:
        self.fn = fn
        self.names = tuple(inspect.signature(fn).parameters)[1:]
        self.needs = frozenset(layout.index(n) for n in self.names if n in layout)
        self.wants_shape = any(n == "shapes" or n.endswith("_shape") for n in self.names)
        at = [layout.index(n) for n in self.names if n in layout]
        self.arity = len(at) if len(at) == len(self.names) <= 2 else -1
        self.first = at[0] if at else 0
        self.second = at[1] if len(at) > 1 else 0
        self.pull = _caller(fn, self.names, layout)

    def part(self, i: int) -> Rule:
        """Return the rule for operand ``i`` of one that gives the cotangents of all operands together."""
        one, pull = copy.copy(self), self.pull
        one.arity = -1
        one.pull = lambda *given: pull(*given)[i]
        return one


def _caller(fn: Callable[..., Any], names: tuple[str, ...], layout: tuple[str, ...]) -> Pull:
    """Return ``fn`` behind the one signature of all rules."""
    getters = [_getter(n, layout) for n in names]
    # The walk calls these all the time; a list of arguments would take three times as long.
    match getters:
        case []:
            return lambda ct, values, params, shapes, position: fn(ct)
        case [a]:
            return lambda ct, values, params, shapes, position: fn(
                ct, a(values, params, shapes, position)
            )
        case [a, b]:
            return lambda ct, values, params, shapes, position: fn(
                ct, a(values, params, shapes, position), b(values, params, shapes, position)
            )
    return lambda ct, values, params, shapes, position: fn(
        ct, *[get(values, params, shapes, position) for get in getters]
    )


def _getter(name: str, layout: tuple[str, ...]) -> Callable[..., Any]:
    if name in layout:
        i = layout.index(name)
        return lambda values, params, shapes, position: values[i]
    if name.endswith("_shape") and name[:-6] in layout:
        k = layout.index(name[:-6])
        return lambda values, params, shapes, position: shapes[k]
    if name == "shapes":
        return lambda values, params, shapes, position: shapes
    if name == "position":
        return lambda values, params, shapes, position: position
    return lambda values, params, shapes, position: params[name]


class Primitive:
    """One row of the rulebook.

    Attributes that others read:
      ``forward``     raw arrays in, a raw array (or a tuple of them) out
      ``operands``    names of the operands, or None for a variadic row
      ``outputs``     names of the outputs; ``("out",)`` for the usual single one, None for a varying number
      ``rules``       one `Rule` per operand, None where nothing flows; a variadic row has one for all
      ``keep``        indices into operands + outputs that some rule reads
      ``keep_for``    for two operands, the same as bits, by which of them need a gradient
      ``kept``        for any number of operands, the same as sorted indices; filled as it is asked for
      ``unruled``     positions of operands without a rule
      ``masks``       one `Rule` per operand: from where the result's cotangent is selected to where the operand's is;
                      None for an elementwise row that keeps positions, and for any row that loses them
      ``selects``     positions of operands of which the forward passes elements over, so that a mask starts here
      ``moves``       whether the rules only move, drop and repeat elements, and so are their own ``masks``
      ``sharp``       works element by element and multiplies by what it reads: 0 times that may be NaN without a mask
      ``carries``     hands a mask on to its operands
      ``jvp``         for general rows, ``(tangents, residuals...) -> tangent``
      ``shift``       ``(params, size) -> params`` for the same row with one more leading axis
      ``aligned``     broadcasts its operands against each other, element by element
      ``batch``       ``(size, mapped, params, *values) -> value``, where neither of these does
      ``definition``  for composite rows, the same function in other rows
      ``outline``     takes the forward's place where only shapes, dtypes and strides of results are asked for, because
                      the forward refuses some values or its results' sizes are computed from the operands'. Unless
                      ``aligned`` it reads no elements, and so it is asked about tensors that have none
      ``together``    the `Rule` for the cotangents of all operands at once, where they have their work in common
      ``takes_absent``  rules of several outputs take None for cotangents that never came; else they come as zeros
      ``simple``      has a fixed number of operands and one output, so that the walk may take its short way
      ``node``        the class of its nodes on the tape, set by the tape
      ``variant_of``  the row that this one is under another name, None for all others
      ``spoken``      what messages call the row: its name, or that of the public function that it belongs to
    """

    __slots__ = (
        "aligned", "backward_name", "batch", "carries", "definition", "domain", "forward", "joint",
        "jvp", "keep", "keep_for", "kept", "kind", "lower", "masks", "moves", "name", "node", "operands",
        "outline", "outputs", "rules", "selects", "sharp", "shift", "simple", "spoken", "takes_absent",
        "together", "unruled", "variant_of", "view", "wants_shape",
    )  # fmt: skip

    def __init__(
        self,
        kind: Kind,
        name: str,
        forward: Callable[..., Any],
        rules: Sequence[Callable[..., Any] | None],
        *,
        operands: tuple[str, ...] | None,
        outputs: tuple[str, ...] | None = ("out",),
        backward_name: str | None = None,
        lower: str | None = None,
        **more: Any,
    ) -> None:
        self.kind, self.name, self.forward = kind, name, forward
        self.spoken: str = more.pop("spoken", name)
        self.operands, self.outputs = operands, outputs
        layout = (operands or ()) + (outputs or ())
        self.rules = tuple(None if fn is None else Rule(fn, layout) for fn in rules)
        self.together: Rule | None = None
        if more.pop("together", False):
            shared = Rule(rules[0], layout)  # type: ignore[arg-type]
            self.together = shared
            self.rules = tuple(shared.part(i) for i in range(len(operands or ())))
        present = [rule for rule in self.rules if rule is not None]
        self.keep: frozenset[int] = frozenset().union(*(rule.needs for rule in present))
        self.keep_for = self._keep_table()
        self.kept: dict[int, tuple[int, ...]] = {}
        self.unruled = tuple(i for i, rule in enumerate(self.rules) if rule is None)
        self.wants_shape = any(rule.wants_shape for rule in present)
        camel = "".join(part.capitalize() for part in name.split("_"))
        self.backward_name = backward_name or f"{camel}Backward0"
        self.lower = Lowering(lower) if lower else None
        self.node: Any = None
        self.variant_of: Primitive | None = None
        self.moves: bool = more.pop("moves", False)
        self.selects: Sequence[int] | None = more.pop("selects", None)
        self.masks = self._mask_rules(more.pop("masks", None), layout)
        self.sharp = kind == "elementwise" and not self.moves and any(r.names for r in present)
        self.carries = kind == "elementwise" or self.masks is not None
        self.jvp: Rule | None = Rule(more.pop("jvp"), layout) if "jvp" in more else None
        self.shift: Callable[[dict[str, Any], int], dict[str, Any]] | None = more.pop("shift", None)
        self.batch: Callable[..., Any] | None = more.pop("batch", None)
        self.definition: Callable[..., Any] | None = more.pop("definition", None)
        self.domain: tuple[float, float] = more.pop("domain", (-3.0, 3.0))
        self.aligned: bool = more.pop("aligned", kind == "elementwise")
        self.simple = operands is not None and outputs is not None and len(outputs) == 1
        self.simple = self.simple and self.together is None
        self.takes_absent: bool = more.pop("takes_absent", False)
        self.joint: bool = more.pop("joint", True)
        self.view: bool = more.pop("view", False)
        self.outline: Callable[..., Any] = more.pop("outline", forward)
        if more:
            raise TypeError(f"{name}: a row has no field {sorted(more)}")
        self._enter()

    def _enter(self) -> None:
        if self.name in BOOK:
            raise ValueError(f"the rulebook already has a row named {self.name!r}")
        BOOK[self.name] = self
        for adapter in _adapters if self.variant_of is None else ():
            adapter(self)

    def named(self, name: str, backward_name: str, spoken: str | None = None) -> Primitive:
        """Return this row under another name, where PyTorch's node tells how an operation was called."""
        row = copy.copy(self)
        row.name, row.backward_name = name, backward_name
        row.spoken = spoken or name
        row.variant_of, row.node = self.variant_of or self, None
        row._enter()
        return row

    def __call__(self, *operands: Any, **params: Any) -> Any:
        for x in operands:
            if x.__class__ not in RAW:
                return interpret(self, operands, params)
        return silent().run(self.forward, *operands, **params)

    def __repr__(self) -> str:
        return f"<{self.kind} row {self.name}>"

    def _keep_table(self) -> tuple[int, ...]:
        """Return, for a row of two operands, what to keep (bits: x, y, out) by which operands need a gradient."""
        if self.operands is None or len(self.operands) != 2 or len(self.rules) != 2:
            return ()
        bits = [0 if rule is None else sum(1 << i for i in rule.needs) for rule in self.rules]
        return (0, bits[0], bits[1], bits[0] | bits[1])

    def kept_for(self, active: int) -> tuple[int, ...]:
        """Return what to keep, as indices into operands + outputs, by the bits of the operands that need a gradient."""
        found = self.kept.get(active)
        if found is None:
            rules = self.rules if self.operands is not None else ()
            needs = [r.needs for i, r in enumerate(rules) if r is not None and active >> i & 1]
            found = self.kept[active] = tuple(sorted(frozenset().union(*needs)))
        return found

    def _mask_rules(
        self, masks: Sequence[Callable[..., Any] | None] | None, layout: tuple[str, ...]
    ) -> tuple[Rule | None, ...] | None:
        """Return the rules for masks. They may read what the rules beside them read, and nothing else is kept."""
        if masks is None:
            return self.rules if self.moves else None
        made = tuple(None if fn is None else Rule(fn, layout) for fn in masks)
        for rule, mask in zip(self.rules, made, strict=True):
            if mask is not None and (rule is None or not mask.needs <= rule.needs):
                raise TypeError(
                    f"{self.name}: a mask reads an operand or output that its rule does not"
                )
        return made

    def rule(self, position: int) -> Rule | None:
        """Return the rule for one operand; a variadic row has the same for all."""
        return self.rules[0 if self.operands is None else position]

    def mask_rule(self, position: int) -> Rule | None:
        """Return the rule for one operand's mask; a variadic row has the same for all."""
        if self.masks is None:
            return None
        return self.masks[0 if self.operands is None else position]


_adapters: Final[list[Callable[[Primitive], None]]] = []


def adapt(adapter: Callable[[Primitive], None]) -> None:
    """Let ``adapter`` change how every row computes, those there are and those to come."""
    for row in BOOK.values():
        adapter(row)
    _adapters.append(adapter)


def _operand_names(forward: Callable[..., Any]) -> tuple[str, ...] | None:
    """Read a forward's positional parameters as operands; a star parameter makes the row variadic."""
    parameters = inspect.signature(forward).parameters.values()
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return None
    return tuple(p.name for p in parameters if p.kind < p.KEYWORD_ONLY)


def elementwise(
    name: str, forward: Callable[..., Any], *rules: Callable[..., Any] | None, **more: Any
) -> Primitive:
    """Declare an operation with a diagonal Jacobian: one map ``t -> t * df/dx`` per operand.

    The map serves tangents and cotangents, so only real or holomorphic functions belong here.
    """
    return Primitive("elementwise", name, forward, rules, operands=OPERANDS[: len(rules)], **more)


def linear(
    name: str,
    forward: Callable[..., Any],
    transpose: Callable[..., Any] | Sequence[Callable[..., Any] | None],
    **more: Any,
) -> Primitive:
    """Declare a linear operation by its transpose (one per operand).

    The jvp is the operation itself on tangents. ``joint=True``: linear in all differentiable operands together
    (``cat``, ``where``); ``joint=False``: linear in each with the others fixed (``matmul``).
    """
    operands = _operand_names(forward)
    rules = [transpose] if callable(transpose) else list(transpose)
    return Primitive("linear", name, forward, rules, operands=operands, **more)


def general(
    name: str,
    forward: Callable[..., Any],
    vjp: Callable[..., Any] | Sequence[Callable[..., Any] | None],
    jvp: Callable[..., Any],
    **more: Any,
) -> Primitive:
    """Declare an operation by an explicit vjp (one per operand) and jvp (of the tuple of tangents, None if absent)."""
    rules = [vjp] if callable(vjp) else list(vjp)
    operands = _operand_names(forward)
    return Primitive("general", name, forward, rules, operands=operands, jvp=jvp, **more)


def constant(
    name: str, forward: Callable[..., Any], operands: int | None = None, **more: Any
) -> Primitive:
    """Declare an operation whose derivative is zero wherever it exists.

    ``operands`` is how many it has when it works element by element, as a comparison does.
    """
    names = _operand_names(forward) if operands is None else OPERANDS[:operands]
    more.setdefault("aligned", operands is not None)
    return Primitive("constant", name, forward, [], operands=names, **more)


def composite(
    name: str,
    definition: Callable[..., Any],
    kernel: Callable[..., Any] | None = None,
    vjp: Callable[..., Any] | Sequence[Callable[..., Any] | None] = (),
    **more: Any,
) -> Primitive:
    """Declare an operation by a definition in other rows.

    With a ``vjp`` it is one node on the tape and ``kernel`` computes it on raw arrays; every other carrier sees the
    definition. A law test holds the kernel and the vjp equal to the definition's. With ``together=True`` there is one
    vjp, which returns the cotangents of all operands.
    """
    rules = [vjp] if callable(vjp) else list(vjp)
    operands = _operand_names(definition)
    return Primitive(
        "composite",
        name,
        kernel or definition,
        rules,
        operands=operands,
        definition=definition,
        **more,
    )
