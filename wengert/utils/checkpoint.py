"""Computing parts of a forward again in backward, where keeping what they save would take too much memory.

Without reentry, hooks on saved tensors put a ticket in the place of each value; the first ticket that a walk hands in
runs the part again and collects the values. With reentry, the part is one `Function` whose backward walks by itself.
"""

from __future__ import annotations

import threading
import warnings
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Final

from wengert.autograd.backward import backward
from wengert.autograd.context import Saved
from wengert.autograd.function import Function
from wengert.autograd.graph import saved_tensors_hooks
from wengert.core.carrier import state
from wengert.errors import GradientError, refuser
from wengert.nn.layers.container import Sequential
from wengert.random import fork_rng, get_rng_state, set_rng_state
from wengert.tape.mode import enable_grad, is_grad_enabled, no_grad
from wengert.tape.node import Node
from wengert.tape.provenance import Place, describe, here
from wengert.tape.storage import next_rank
from wengert.tensor.tensor import Tensor

__all__ = [
    "CheckpointError", "CheckpointFunction", "GraphExecGroup", "check_backward_validity", "checkpoint",
    "checkpoint_sequential", "detach_variable", "noop_context_fn", "set_checkpoint_debug_enabled",
    "set_checkpoint_early_stop",
]  # fmt: skip

Contexts = tuple[AbstractContextManager[Any], AbstractContextManager[Any]]

CHECKS: Final[dict[str, Callable[[Any], Any]]] = {
    "default": lambda x: (tuple(x.shape), x.dtype),
    "none": lambda x: None,
}
"""What of a saved tensor must be the same when it is computed again."""


class CheckpointError(RuntimeError):
    """Computing a part again did not give what its forward saved."""


class _Settings(threading.local):
    """What the blocks below have set in this thread."""

    early_stop: bool | None = None
    group: GraphExecGroup | None = None


_settings = _Settings()


def noop_context_fn() -> Contexts:
    """Return two contexts that do nothing."""
    return nullcontext(), nullcontext()


def checkpoint(
    function: Callable[..., Any], *args: Any, use_reentrant: bool | None = None,
    context_fn: Callable[[], Contexts] = noop_context_fn, determinism_check: str = "default", debug: bool = False,
    early_stop: bool = True, preserve_rng_state: bool = True, **kwargs: Any,
) -> Any:  # fmt: skip
    """Return ``function(*args, **kwargs)``; of what it computes nothing is kept for backward, which runs it again.

    With ``preserve_rng_state`` the random numbers are then the same, and the generator is left where it was.

    ``use_reentrant=False``, which is advised: takes keyword arguments and tensors within structures, serves every kind
    of backward, and stops (``early_stop``) when all is there again that is needed. ``context_fn()`` returns the
    contexts in which the function runs the first time and again. Unless ``determinism_check="none"``, what is computed
    again must have the shapes and dtypes of the first time; errors name the lines of both, with or without ``debug``.

    ``use_reentrant=True``, the default, with a warning when it is not said: the function runs without recording and
    its backward walks through what it recorded the second time. Works only with ``backward()`` into all leaves, and
    only if an argument requires grad. The gradients of other leaves that the function uses land in that inner walk, so
    they stay where the outer one fails later.

    Inside of `func` transforms and traces the function runs as without `checkpoint`, and all is kept.

    Raises ValueError for options that do not go together. Backward raises CheckpointError, a RuntimeError, where the
    second run saves other tensors than the first, and RuntimeError where something
    that the first run saved was written to since.

    >>> import wengert as torch
    >>> from wengert.utils.checkpoint import checkpoint
    >>> x = torch.tensor([0., 1.], requires_grad=True)
    >>> y = checkpoint(lambda x: x.exp().sin().sum(), x, use_reentrant=False)
    >>> y.backward()
    >>> x.grad
    tensor([ 0.5403, -2.4784])
    """
    if use_reentrant is None:
        _warn_of_the_default("")
        use_reentrant = True
    if not use_reentrant:
        return _Part(
            function, args, kwargs, preserve_rng_state, context_fn, determinism_check, debug, early_stop
        ).run()  # fmt: skip
    if kwargs:
        raise ValueError(
            f"checkpoint: Unexpected keyword arguments: {', '.join(kwargs)}. With use_reentrant=False they go to the "
            f"function."
        )
    if context_fn is not noop_context_fn or debug:
        raise ValueError(
            "checkpoint: Passing `context_fn` or `debug` is only supported when use_reentrant=False."
        )
    return CheckpointFunction.apply(function, preserve_rng_state, *args)


def _warn_of_the_default(name: str) -> None:
    warnings.warn(
        f"torch.utils.checkpoint{name}: the use_reentrant parameter should be passed explicitly. "
        f"use_reentrant=False is recommended; use_reentrant=True keeps what happens now.",
        stacklevel=3,
    )


class _Part:
    """One checkpointed call: how to run it again, and the tickets that stand for what it saved."""

    def __init__(
        self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], preserve: bool,
        context_fn: Callable[[], Contexts], check: str, debug: bool, early_stop: bool,
    ) -> None:  # fmt: skip
        if debug and context_fn is not noop_context_fn:
            raise ValueError("checkpoint: debug=True is incompatible with non-default context_fn.")
        if check not in CHECKS:
            raise ValueError(
                f"checkpoint: determinism_check should be one of {list(CHECKS)}, but got {check!r}."
            )
        self.function, self.args, self.kwargs = function, args, kwargs
        self.described = CHECKS[check]
        self.early_stop = early_stop if _settings.early_stop is None else _settings.early_stop
        self.first_context, self.second_context = context_fn()
        self.random_state = get_rng_state() if preserve and not state.levels else None
        self.complete = False
        self.tickets: list[weakref.ref[_Ticket]] = []
        self.saved: list[tuple[Any, Place]] = []
        self.runs: weakref.WeakKeyDictionary[Any, _Run] = weakref.WeakKeyDictionary()

    def run(self) -> Any:
        """Run the function for the first time, just so within a transform, whose values end with it."""
        args, kwargs = self.args, self.kwargs
        if not is_grad_enabled() or state.levels:
            return self.function(*args, **kwargs)
        self.node = _node()
        self.args = tuple(Saved(x, None, False) if isinstance(x, Tensor) else x for x in args)
        with saved_tensors_hooks(self.pack, _unpack), self.first_context:
            result = self.function(*args, **kwargs)
            self.complete = True
        if not self.complete:
            raise RuntimeError(
                "checkpoint: the forward context of `context_fn` suppressed an exception of the function, so that "
                "there is nothing to return. Let the context raise it."
            )
        return result

    def pack(self, x: Any) -> _Ticket:
        """Return a ticket for a tensor that the first run saves."""
        ticket = _Ticket(self, len(self.tickets), _Watched(x))
        self.tickets.append(weakref.ref(ticket))
        self.saved.append((self.described(x), here()))
        return ticket

    def value(self, number: int) -> Any:
        """Return what a ticket stands for, running the function again where this walk has not done so yet."""
        key: Any = _settings.group or state.walk or _Alone()
        run = self.runs.get(key)
        if run is None:
            run = self.runs[key] = _Run(self)
            run.again()
        return run.take(number)


def _node() -> Any:
    """Return what errors about a changed argument name as the place where it was saved."""
    made: Any = _CheckpointNode()
    made.edges = made.saved = ()
    made.rank = next_rank()
    made.code, made.offset = here()
    return made


_CheckpointNode = type("checkpoint", (Node,), {"__slots__": ()})


class _Ticket:
    """What the tape holds in the place of a value: the value's number among those that the part saves."""

    __slots__ = ("__weakref__", "number", "part", "watched")

    def __init__(self, part: _Part, number: int, watched: _Watched) -> None:
        self.part, self.number, self.watched = part, number, watched


class _Watched:
    """The memory of a saved tensor while anybody holds it, and how often it was written to before it was saved."""

    __slots__ = ("cell", "version")

    def __init__(self, x: Any) -> None:
        self.cell, self.version = weakref.ref(x._storage), x._storage.version

    def check(self, saved: tuple[Any, Place]) -> None:
        """Raise GradientError if it was written to since."""
        cell = self.cell()
        if cell is not None and cell.version != self.version:
            raise GradientError(
                f"checkpoint: a tensor that the function saved for backward has been modified by an inplace operation "
                f"since, so that running it again gives another value.\n"
                f"  saved          {_line(saved)}\n"
                f"  changed by     {describe(cell.changed_at)}\n"
                f"  Write that line so that it makes a new tensor (`a = a + b` instead of `a += b`), or call backward "
                f"before it."
            )


def _unpack(ticket: _Ticket) -> Any:
    part = ticket.part
    ticket.watched.check(part.saved[ticket.number])
    return part.value(ticket.number)


class _Alone:
    """Stands for a walk where a value is asked for outside of any."""


class _Enough(Exception):
    """Ends a second run when all that is needed is there."""


class _Run:
    """One running again of a part, and the values that came of it and have not been taken yet."""

    def __init__(self, part: _Part) -> None:
        self.part = weakref.ref(part)
        self.values: dict[int, tuple[Any, _Watched]] = {}
        self.count = 0
        self.lenient = False
        self.seen: list[tuple[Any, Place]] = []

    def again(self) -> None:
        """Run the part's function again and keep what its tickets stand for; CheckpointError unless it fits."""
        part = self.part()
        assert part is not None
        args = [x.restored(part.node, None) if isinstance(x, Saved) else x for x in part.args]
        try:
            with (
                saved_tensors_hooks(self.pack, lambda x: x), enable_grad(),
                fork_rng(enabled=part.random_state is not None),
            ):  # fmt: skip
                if part.random_state is not None:
                    set_rng_state(part.random_state)
                with part.second_context:
                    part.function(*args, **part.kwargs)
        except _Enough:
            pass
        if not self.lenient:
            self._check(part)

    def pack(self, x: Any) -> Any:
        """Take the next tensor that the second run saves."""
        part = self.part()
        assert part is not None
        number, self.count = self.count, self.count + 1
        self.seen.append((part.described(x), here()))
        if number >= len(part.tickets):
            if not part.complete:
                self.lenient = True
                return x
            raise CheckpointError(
                f"checkpoint: trying to save more tensors during recomputation than during the original forward pass, "
                f"which saved {len(part.tickets)}.\n  the next one   {_line(self.seen[-1])}\n{ADVICE}"
            )
        if part.tickets[number]() is not None:
            self.values[number] = x, _Watched(x)
        if part.early_stop and self.count == len(part.tickets):
            raise _Enough
        return x

    def _check(self, part: _Part) -> None:
        """Raise CheckpointError unless the second run saved what the first did."""
        if self.count != len(part.saved):
            longer = part.saved if self.count < len(part.saved) else self.seen
            odd = longer[min(self.count, len(part.saved))]
            raise CheckpointError(
                f"checkpoint: A different number of tensors was saved during the original forward and recomputation: "
                f"{len(part.saved)} and then {self.count}.\n  the first that is not in both   {_line(odd)}\n{ADVICE}"
            )
        unlike = [
            f"  tensor {i}: at first   {_line(part.saved[i])}\n  tensor {i}: then       {_line(self.seen[i])}"
            for i in sorted(self.values)
            if part.saved[i][0] != self.seen[i][0]
        ]
        if unlike:
            listed = "\n".join(unlike)
            raise CheckpointError(
                f"checkpoint: Recomputed values for the following tensors have different metadata than during the "
                f"forward pass.\n{listed}\n{ADVICE}"
            )

    def take(self, number: int) -> Any:
        """Give a value away."""
        if number not in self.values:
            raise CheckpointError(
                "checkpoint: Unpack is being triggered for a tensor that was already unpacked once. A custom backward "
                "reads `ctx.saved_tensors` once; backwards under one GraphExecGroup share no part of the graph."
            )
        value, watched = self.values.pop(number)
        watched.check(self.seen[number])
        return value


ADVICE: Final = (
    "  The function must do the same both times: look for what it reads besides its arguments (attributes, counters, "
    "globals, random numbers of other generators)."
)


def _line(saved: tuple[Any, Place]) -> str:
    described, place = saved
    what = "a tensor" if described is None else f"{described[1]}, shape {list(described[0])}"
    return f"{what}, by {describe(place)}"


class GraphExecGroup:
    """Let several backwards inside the block share what parts of the graph compute again; they may not overlap.

    RuntimeError inside another such block. For `checkpoint` with ``use_reentrant=False`` only.
    """

    def __enter__(self) -> GraphExecGroup:
        if _settings.group is not None:
            raise RuntimeError(
                "GraphExecGroup contexts cannot be nested. Leave the outer one first."
            )
        _settings.group = self
        return self

    def __exit__(self, *exc: object) -> None:
        _settings.group = None


@contextmanager
def set_checkpoint_early_stop(enable: bool) -> Iterator[None]:
    """Say for all checkpoints made in the block whether running again stops when everything needed is there."""
    before = _settings.early_stop
    _settings.early_stop = enable
    try:
        yield
    finally:
        _settings.early_stop = before


@contextmanager
def set_checkpoint_debug_enabled(enabled: bool | None) -> Iterator[None]:
    """Do nothing: a mismatch is always told with the lines of both runs."""
    yield


class CheckpointFunction(Function):
    """The reentrant kind: nothing is recorded in forward, and backward walks through a second run."""

    @staticmethod
    def forward(ctx: Any, run_function: Any, preserve_rng_state: bool, *args: Any) -> Any:
        """Run the function without recording."""
        check_backward_validity(args)
        ctx.run_function = run_function
        ctx.random_state = get_rng_state() if preserve_rng_state else None
        ctx.inputs = [None if isinstance(x, Tensor) else x for x in args]
        ctx.places = [i for i, x in enumerate(args) if isinstance(x, Tensor)]
        ctx.save_for_backward(*[args[i] for i in ctx.places])
        with no_grad():
            return run_function(*args)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        """Run the function again, recorded, and walk back through it into leaves and arguments."""
        if state.walk is not None and state.walk.wanted is not None:
            raise GradientError(
                "checkpoint: When use_reentrant=True, torch.utils.checkpoint is incompatible with .grad() or passing "
                "an `inputs` parameter to .backward(). Use `use_reentrant=False`."
            )
        inputs = list(ctx.inputs)
        for i, x in zip(ctx.places, ctx.saved_tensors, strict=True):
            inputs[i] = x
        detached = detach_variable(tuple(inputs))
        with fork_rng(enabled=ctx.random_state is not None), enable_grad():
            if ctx.random_state is not None:
                set_rng_state(ctx.random_state)
            outputs = ctx.run_function(*detached)
        outs = (outputs,) if isinstance(outputs, Tensor) else outputs
        pairs = [
            (out, grad)
            for out, grad in zip(outs, grads, strict=False)
            if isinstance(out, Tensor) and out.requires_grad
        ]
        if not pairs:
            raise GradientError(
                "checkpoint: none of output has requires_grad=True, this checkpoint() is not necessary. Call the "
                "function itself, or mark what it should differentiate."
            )
        backward([out for out, _ in pairs], [grad for _, grad in pairs])
        return (None, None, *(x.grad if isinstance(x, Tensor) else None for x in detached))


def detach_variable(inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the tensors of a tuple without history, each requiring grad as before; RuntimeError for no tuple."""
    if not isinstance(inputs, tuple):
        raise RuntimeError(
            f"detach_variable: Only tuple of tensors is supported. Got Unsupported input type: {type(inputs).__name__}"
        )
    found = []
    for x in inputs:
        if isinstance(x, Tensor):
            alone = x.detach()
            alone.requires_grad = x.requires_grad
            x = alone
        found.append(x)
    return tuple(found)


def check_backward_validity(inputs: Iterable[Any]) -> None:
    """Warn when no tensor among the inputs requires grad: the reentrant kind then has no gradients."""
    if not any(x.requires_grad for x in inputs if isinstance(x, Tensor)):
        warnings.warn(
            "None of the inputs have requires_grad=True. Gradients will be None. Use `use_reentrant=False`, or mark "
            "an input.",
            stacklevel=2,
        )


def checkpoint_sequential(
    functions: Any, segments: int, input: Any, use_reentrant: bool | None = None, *,
    preserve_rng_state: bool = True, **kwargs: Any,
) -> Any:  # fmt: skip
    """Return ``input`` passed through functions one after the other, in ``segments`` checkpointed parts.

    ``functions`` is a `Sequential` or a list. All parts have ``len(functions) // segments`` functions, but the last,
    which has the rest and is not checkpointed. See `checkpoint`. ValueError for other options.

    >>> import wengert as torch
    >>> from wengert.utils.checkpoint import checkpoint_sequential
    >>> x = torch.tensor([3.], requires_grad=True)
    >>> checkpoint_sequential([torch.square, torch.neg, torch.square], 3, x, use_reentrant=False).backward()
    >>> x.grad
    tensor([108.])
    """
    if use_reentrant is None:
        _warn_of_the_default(".checkpoint_sequential")
        use_reentrant = True
    if kwargs:
        raise ValueError(
            f"checkpoint_sequential: Unexpected keyword arguments: {', '.join(kwargs)}"
        )
    each = list(functions.children() if isinstance(functions, Sequential) else functions)
    size = len(each) // segments
    for start in range(0, size * (segments - 1), size):
        input = checkpoint(
            _chained(each[start : start + size]), input, use_reentrant=use_reentrant,
            preserve_rng_state=preserve_rng_state,
        )  # fmt: skip
    return _chained(each[size * (segments - 1) :])(input)


def _chained(functions: list[Any]) -> Callable[[Any], Any]:
    def run(x: Any) -> Any:
        for function in functions:
            x = function(x)
        return x

    return run


__getattr__ = refuser(__name__, "torch.utils.checkpoint")
