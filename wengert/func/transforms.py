"""Jacobians and Hessians, composed from `vjp`, `jvp` and `vmap`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from wengert.core.tree import flatten, tree_map
from wengert.func.batched import vmap
from wengert.func.dual import jvp
from wengert.func.reverse import vjp
from wengert.tensor import filled, views


def _basis(x: Any) -> Any:
    """Return the unit cotangents of a tensor's elements, stacked: ``(numel, *shape)``."""
    n = x.numel()
    return views.reshape(filled.eye(n, dtype=x.dtype), (n, *x.shape))


def _only(fn: Callable[..., Any], args: tuple[Any, ...], argnums: int) -> Callable[[Any], Any]:
    def of_one(x: Any) -> Any:
        full = list(args)
        full[argnums] = x
        return fn(*full)

    return of_one


def jacrev(func: Callable[..., Any], argnums: int = 0) -> Callable[..., Any]:
    """Return the Jacobian by reverse mode: shape ``(*output, *input)``, one walk for the whole batch of outputs.

    >>> import wengert as torch
    >>> torch.func.jacrev(lambda x: x ** 2)(torch.tensor([1., 2.]))
    tensor([[2., 0.],
            [0., 4.]])
    """

    @functools.wraps(func)
    def wrapper(*args: Any) -> Any:
        x = args[argnums]
        out, pull = vjp(_only(func, args, argnums), x)
        outs, rebuild = flatten(out)
        found = []
        for k, o in enumerate(outs):

            def one(ct: Any, k: int = k) -> Any:
                cts = [ct if j == k else filled.zeros_like(p) for j, p in enumerate(outs)]
                return pull(*cts)[0] if isinstance(out, tuple) else pull(rebuild(iter(cts)))[0]

            found.append(views.reshape(vmap(one)(_basis(o)), (*o.shape, *x.shape)))
        return rebuild(iter(found))

    return wrapper


def jacfwd(func: Callable[..., Any], argnums: int = 0) -> Callable[..., Any]:
    """Return the Jacobian by forward mode: shape ``(*output, *input)``, one pass for the whole batch of inputs.

    >>> import wengert as torch
    >>> torch.func.jacfwd(lambda x: x ** 2)(torch.tensor([1., 2.]))
    tensor([[2., 0.],
            [0., 4.]])
    """

    @functools.wraps(func)
    def wrapper(*args: Any) -> Any:
        x = args[argnums]
        fn = _only(func, args, argnums)
        columns = vmap(lambda t: jvp(fn, (x,), (t,))[1], out_dims=-1)(_basis(x))
        return tree_map(lambda c: views.reshape(c, (*c.shape[:-1], *x.shape)), columns)

    return wrapper


def hessian(func: Callable[..., Any], argnums: int = 0) -> Callable[..., Any]:
    """Return the matrix of second derivatives, forward over reverse: shape ``(*output, *input, *input)``.

    >>> import wengert as torch
    >>> torch.func.hessian(lambda x: (x ** 3).sum())(torch.tensor([1., 2.]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    return jacfwd(jacrev(func, argnums), argnums)
