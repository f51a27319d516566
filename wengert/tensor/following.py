"""Views that were taken before their base came to require grad: they follow it, and the first write connects them."""

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
    return isinstance(x.edge, GradCell) and x.edge is not x.cell


def _views_of(base: Any) -> list[Any]:
    members = () if base.storage is None else base.storage.members or ()
    found = [view for view in (ref() for ref in members) if view is not None]
    return [v for v in found if v.origin.base is base and v.origin.differentiable]


def require_of_views(base: Any) -> None:
    """Let the views of a tensor that has just become a leaf require grad, too."""
    for view in _views_of(base):
        if view.edge is None:
            _set_edge(
                view, GradCell(view, tuple(view.shape), base.cell.dtype, base.level), base.level
            )


def disconnect(base: Any) -> None:
    """Undo `require_of_views`."""
    for view in _views_of(base):
        if follows(view):
            _set_edge(view, None, view.level)


def connect(x: Any) -> None:
    """Let gradients flow from the views of a leaf that follow it to the leaf, before a write to ``x`` of its family."""
    base = x.origin.base if x.origin is not None and x.origin.differentiable else x
    if isinstance(base.edge, GradCell):
        for view in _views_of(base):
            if follows(view) and view.origin.__class__ is not FrozenView:
                with enable_grad():
                    _set_edge(view, derive(view.origin).edge, base.level)


def _set_edge(view: Any, edge: Any, level: Level) -> None:
    if state.trace is not None:
        state.trace.journal.keep(view, "edge")
        state.trace.journal.keep(view, "level")
    view.edge, view.level = edge, level
