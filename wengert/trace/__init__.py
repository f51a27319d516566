"""Tracing: a function becomes a graph of primitives, which prints, and which the NumPy executor replays."""

from wengert.trace.graph import Graph
from wengert.trace.replay import Traced
from wengert.trace.tracer import trace

__all__ = ["Graph", "Traced", "trace"]
