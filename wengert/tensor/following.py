"""Views follow their base: into requiring grad (the first write connects them), and into what it was turned into."""

from __future__ import annotations

from typing import Any

from wengert.core.carrier import Level, state
from wengert.tape.mode import enable_grad
from wengert.tape.storage import GradCell
from wengert.tensor.chains import derive
from wengert.tensor.views import FrozenView


def follows(x: Any) -> bool:
    """Say whether a view requires grad only because its base came to after the view was taken.

    As in PyTorch it is a leaf then, of which no ``.grad`` comes: the base was another tensor's leaf when the view
    looked at it. The first write to the family connects the two (`connect`).
    """
    return isinstance(x._edge, GradCell) and x._edge is not x._cell


def views_of(base: Any) -> list[Any]:
    """Return the living tensors that arise from ``base``: its views, and the detached aliases that are noted."""
    members = () if base._storage is None else base._storage.members or ()
    found = [view for view in (ref() for ref in members) if view is not None]
    return [v for v in found if v._origin.base is base]


def _differentiable_views_of(base: Any) -> list[Any]:
    return [view for view in views_of(base) if view._origin.differentiable]


def require_of_views(base: Any) -> None:
    """Let the views of a tensor that has just become a leaf require grad, too."""
    for view in _differentiable_views_of(base):
        if view._edge is None:
            _set_edge(
                view, GradCell(view, tuple(view.shape), base._cell.dtype, base._level), base._level
            )


def disconnect(base: Any) -> None:
    """Undo `require_of_views`."""
    for view in _differentiable_views_of(base):
        if follows(view):
            _set_edge(view, None, view._level)


def connect(x: Any) -> None:
    """Let gradients flow from the views of a leaf that follow it to the leaf, before a write to ``x`` of its family."""
    base = x._origin.base if x._origin is not None and x._origin.differentiable else x
    if isinstance(base._edge, GradCell):
        for view in _differentiable_views_of(base):
            if follows(view) and view._origin.__class__ is not FrozenView:
                with enable_grad():
                    _set_edge(view, derive(view._origin)._edge, base._level)


def _set_edge(view: Any, edge: Any, level: Level) -> None:
    if state.trace is not None:
        state.trace.journal.keep(view, "_edge")
        state.trace.journal.keep(view, "_level")
    view._edge, view._level = edge, level
