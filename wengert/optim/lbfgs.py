"""L-BFGS: a quasi-Newton method with limited memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from wengert.core.carrier import state as thread
from wengert.errors import TraceError
from wengert.optim.line_search import Point, strong_wolfe
from wengert.optim.optimizer import Optimizer, number, real, require_closure, require_rate
from wengert.tape.mode import enable_grad, no_grad
from wengert.tensor import filled, joining


class LBFGS(Optimizer):
    """Minimises along directions that approximate Newton's, from the last ``history_size`` changes of the gradient.

    One `step` makes up to ``max_iter`` moves and ``max_eval`` (default: 1.25 times as many) evaluations of the closure,
    which has to clear the gradients, compute the loss, call ``backward()`` and return the loss. It ends early when no
    element of the gradient exceeds ``tolerance_grad``, or neither loss nor parameters change by ``tolerance_change``.
    Without ``line_search_fn="strong_wolfe"`` each move goes ``lr`` times the direction.

    All parameters are one group; the state stands under the first of them. Raises ValueError for several groups,
    TraceError under a trace, since how often the closure runs depends on values.
    Source: Liu and Nocedal, On the limited memory BFGS method for large scale optimization, 1989.

    >>> import wengert as torch
    >>> x = torch.tensor([-1., 2.], requires_grad=True)
    >>> opt = torch.optim.LBFGS([x], line_search_fn="strong_wolfe")
    >>> def closure():
    ...     opt.zero_grad()
    ...     loss = (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2
    ...     loss.backward()
    ...     return loss
    >>> for _ in range(3):
    ...     loss = opt.step(closure)
    >>> torch.allclose(x, torch.ones(2), atol=1e-3)
    True
    """

    def __init__(
        self, params: Any, lr: Any = 1, max_iter: int = 20, max_eval: int | None = None, tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9, history_size: int = 100, line_search_fn: str | None = None,
    ) -> None:  # fmt: skip
        require_rate(lr)
        defaults = {
            "lr": lr, "max_iter": max_iter, "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad, "tolerance_change": tolerance_change, "history_size": history_size,
            "line_search_fn": line_search_fn,
        }  # fmt: skip
        super().__init__(params, defaults)
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")

    def step(self, closure: Callable[[], Any]) -> Any:
        """Minimise for a while; returns the loss before."""
        if thread.trace is not None:
            raise TraceError(
                "LBFGS: how often it evaluates the loss depends on values, which a graph cannot repeat. "
                "Trace the closure instead, and let the optimiser call what `trace` returns."
            )
        require_closure(self, closure)
        with no_grad():
            return self._minimise(enable_grad()(closure))

    @property
    def _params(self) -> Any:
        return self.param_groups[0]["params"]

    def _minimise(self, closure: Callable[[], Any]) -> Any:
        group = self.param_groups[0]
        before = closure()
        loss, evaluations = _loss(before), 1
        state = self.state[self._params[0]]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)
        state["func_evals"] += 1
        gradient = self._gradient()
        if _largest(gradient) <= group["tolerance_grad"]:
            return before
        search = group["line_search_fn"]
        if search not in (None, "strong_wolfe"):
            raise RuntimeError(
                f"LBFGS: line_search_fn={search!r}, but only 'strong_wolfe' is supported"
            )
        # Kept at the end only: after a closure that fails, the next step begins as this one did.
        now: dict[str, Any] = {name: state.get(name) for name in REMEMBERED}
        now |= {name: list(kept) for name, kept in now.items() if isinstance(kept, list)}
        for moves in range(1, group["max_iter"] + 1):
            now["n_iter"] += 1
            d = now["d"] = _direction(state, now, gradient, group["history_size"])
            now["prev_flat_grad"], now["prev_loss"] = gradient, loss
            t = now["t"] = self._first_trial(gradient, now["n_iter"])
            slope = gradient.dot(d)
            if slope > -group["tolerance_change"]:
                break
            last = moves == group["max_iter"]
            if search is not None:
                start = Point(0, loss, gradient, slope)
                best, more = self._search(closure, d, start, t, group["max_eval"] - evaluations)
                t, loss, gradient, _ = best
                now["t"] = t
                self._move(t, d)
            else:
                self._move(t, d)
                # With noisy losses the next step starts from another one, so that the last is not asked for.
                more = 0 if last else 1
                if not last:
                    loss, gradient = _loss(closure()), self._gradient()
            evaluations += more
            state["func_evals"] += more
            if (
                last
                or evaluations >= group["max_eval"]
                or _largest(gradient) <= group["tolerance_grad"]
                or _largest(d * t) <= group["tolerance_change"]
                or abs(loss - now["prev_loss"]) < group["tolerance_change"]
            ):
                break
        state.update(now)
        return before

    def _first_trial(self, gradient: Any, move: int) -> Any:
        rate = self.param_groups[0]["lr"]
        return min(1.0, 1.0 / gradient.abs().sum()) * rate if move == 1 else rate

    def _search(
        self, closure: Callable[[], Any], d: Any, start: Point, t: Any, most: int
    ) -> tuple[Point, int]:
        """Search along ``d`` from where the parameters are, and leave them there."""
        params = self._params
        origin = [p.clone() for p in params]

        def evaluate(t: Any) -> Point:
            self._move(t, d)
            loss, gradient = _loss(closure()), self._gradient()
            for p, value in zip(params, origin, strict=True):
                p.copy_(value)
            return Point(t, loss, gradient, gradient.dot(d))

        return strong_wolfe(evaluate, start, t, _largest(d), most)

    def _gradient(self) -> Any:
        """Return the gradients of all parameters, one after the other, as real numbers."""
        parts = []
        for p in self._params:
            grad = filled.zeros_like(p) if p.grad is None else p.grad
            parts.append(real(grad).reshape(-1))
        return joining.cat(parts)

    def _move(self, t: Any, d: Any) -> None:
        """Add ``t * d`` to the parameters."""
        at = 0
        for p in self._params:
            p = real(p)
            p.add_(d[at : at + p.numel()].view_as(p), alpha=float(t))
            at += p.numel()


def _largest(x: Any) -> Any:
    return x.abs().max()


def _loss(found: Any) -> float:
    """Return what a closure returned as a number; TypeError where it returned nothing."""
    if found is None:
        raise TypeError(
            "LBFGS: the closure returned None, where the loss is needed. Let it clear the gradients, compute the loss, "
            "call `loss.backward()` and end with `return loss`."
        )
    return number(found)


REMEMBERED: Final = (
    "n_iter",
    "d",
    "t",
    "old_dirs",
    "old_stps",
    "ro",
    "H_diag",
    "prev_flat_grad",
    "prev_loss",
)
"""What the state keeps from one step to the next."""


def _direction(state: dict[str, Any], now: dict[str, Any], gradient: Any, history_size: int) -> Any:
    """Return the direction of the next move, and take what the last one taught into the history.

    The two loops of the method: the gradient times the inverse Hessian that the changes ``y`` of the gradient and ``s``
    of the parameters define.
    """
    if now["n_iter"] == 1:
        now.update(old_dirs=[], old_stps=[], ro=[], H_diag=1)
        return gradient.neg()
    ys, ss, ro = now["old_dirs"], now["old_stps"], now["ro"]
    y, s = gradient - now["prev_flat_grad"], now["d"] * now["t"]
    curvature = y.dot(s)
    if curvature > 1e-10:
        for kept, new in ((ys, y), (ss, s), (ro, 1.0 / curvature)):
            if len(kept) == history_size:
                kept.pop(0)
            kept.append(new)
        now["H_diag"] = curvature / y.dot(y)
    weights = state.setdefault("al", [None] * history_size)
    d = gradient.neg()
    for i in reversed(range(len(ys))):
        weights[i] = ss[i].dot(d) * ro[i]
        d.sub_(ys[i] * weights[i])
    d = d * now["H_diag"]
    for i in range(len(ys)):
        d.add_(ss[i] * (weights[i] - ys[i].dot(d) * ro[i]))
    return d
