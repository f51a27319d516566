"""Several processes: PyTorch's ``torch.multiprocessing``, which is Python's own with `spawn` beside it.

Tensors that go through queues and pipes are copies, and so are those that a process is given: memory is not shared.
Python's `multiprocessing` is slow to import, so this file alone does it, on first use.
"""

from __future__ import annotations

import signal
import sys
import traceback
from collections.abc import Callable, Iterable
from typing import Any, Final

from wengert.errors import refuser

__all__ = [
    "Array", "AuthenticationError", "Barrier", "BoundedSemaphore", "BufferTooShort", "Condition", "Event",
    "JoinableQueue", "Lock", "Manager", "Pipe", "Pool", "Process", "ProcessContext", "ProcessError",
    "ProcessExitedException", "ProcessRaisedException", "Queue", "RLock", "RawArray", "RawValue", "Semaphore",
    "SimpleQueue", "SpawnContext", "TimeoutError", "Value", "active_children", "allow_connection_pickling", "cpu_count",
    "current_process", "freeze_support", "get_all_sharing_strategies", "get_all_start_methods", "get_context",
    "get_logger", "get_sharing_strategy", "get_start_method", "log_to_stderr", "parent_process", "reducer",
    "set_executable", "set_forkserver_preload", "set_sharing_strategy", "set_start_method", "spawn", "start_processes",
]  # fmt: skip

STRATEGIES: Final = {"file_descriptor", "file_system"}


def standard() -> Any:
    """Return Python's own module."""
    import multiprocessing

    return multiprocessing


def first_ready(channels: Iterable[Any], timeout: float | None) -> list[Any]:
    """Return those of some connections and sentinels that are ready, once one is, or none after ``timeout`` seconds."""
    from multiprocessing.connection import wait

    return wait(list(channels), timeout)


def is_context(given: Any) -> bool:
    """Say whether something is a context of Python's module."""
    from multiprocessing.context import BaseContext

    return isinstance(given, BaseContext)


class _Strategy:
    """How memory would be shared, as was last asked."""

    name = "file_descriptor"


def get_all_sharing_strategies() -> set[str]:
    """Return PyTorch's words for ways of sharing memory."""
    return set(STRATEGIES)


def get_sharing_strategy() -> str:
    """Return the way of sharing memory that was last asked for."""
    return _Strategy.name


def set_sharing_strategy(new_strategy: str) -> None:
    """Accept a way of sharing memory: tensors are copied in any case. AssertionError for another word."""
    if new_strategy not in STRATEGIES:
        raise AssertionError(
            f"set_sharing_strategy: {new_strategy!r} is none of {', '.join(sorted(STRATEGIES))}."
        )
    _Strategy.name = new_strategy


class ProcessException(Exception):
    """A process that `spawn` started has failed: ``error_index`` is its number, ``error_pid`` the system's."""

    def __init__(self, msg: str, error_index: int, pid: int) -> None:
        super().__init__(msg)
        self.msg, self.error_index, self.error_pid = msg, error_index, pid

    def __reduce__(self) -> Any:
        return type(self), (self.msg, self.error_index, self.error_pid)


class ProcessRaisedException(ProcessException):
    """A process ended with an exception; the message has its traceback."""


class ProcessExitedException(ProcessException):
    """A process ended by a signal, or by itself with ``exit_code``."""

    def __init__(
        self, msg: str, error_index: int, error_pid: int, exit_code: int, signal_name: str | None = None
    ) -> None:  # fmt: skip
        super().__init__(msg, error_index, error_pid)
        self.exit_code, self.signal_name = exit_code, signal_name

    def __reduce__(self) -> Any:
        return type(self), (
            self.msg, self.error_index, self.error_pid, self.exit_code, self.signal_name,
        )  # fmt: skip


class ProcessContext:
    """The processes that `spawn` started."""

    def __init__(self, processes: list[Any], errors: list[Any]) -> None:
        self.processes, self.errors = processes, errors
        self._running = {process.sentinel: i for i, process in enumerate(processes)}

    def pids(self) -> list[int]:
        """Return the system's numbers of the processes."""
        return [int(process.pid) for process in self.processes]

    def join(self, timeout: float | None = None, grace_period: float | None = None) -> bool:
        """Wait for processes to end, at most ``timeout`` seconds; say whether all have ended without error.

        Returns as soon as one has ended. When one has failed, the others are ended, after ``grace_period`` seconds in
        which they may end themselves, and its failure is raised.
        """
        if not self._running:
            return True
        failed = None
        for sentinel in first_ready(self._running, timeout):
            i = self._running.pop(sentinel)
            self.processes[i].join()
            if self.processes[i].exitcode != 0:
                failed = i
                break
        if failed is None:
            return not self._running
        self._end_the_others(grace_period)
        raise self._failure(failed)

    def _end_the_others(self, grace_period: float | None) -> None:
        for process in self.processes:
            if grace_period is not None:
                process.join(grace_period)
            if process.is_alive():
                process.terminate()
        for process in self.processes:
            process.join()

    def _failure(self, i: int) -> ProcessException:
        process = self.processes[i]
        told = _last_words(self.errors[i])
        if told is not None:
            return ProcessRaisedException(
                f"\n\n-- Process {i} terminated with the following error:\n{told}", i, process.pid
            )
        code = process.exitcode
        if code < 0:
            name = signal.Signals(-code).name
            return ProcessExitedException(
                f"process {i} terminated with signal {name}", i, process.pid, code, name
            )
        return ProcessExitedException(
            f"process {i} terminated with exit code {code}", i, process.pid, code
        )


def _last_words(channel: Any) -> str | None:
    """Return what a process that has ended said about its end; None for nothing."""
    try:
        return str(channel.recv()) if channel.poll() else None
    except EOFError:
        return None


SpawnContext = ProcessContext


def start_processes(
    fn: Callable[..., Any], args: tuple[Any, ...] = (), nprocs: int = 1, join: bool = True, daemon: bool = False,
    start_method: str = "spawn",
) -> ProcessContext | None:  # fmt: skip
    """Call ``fn(i, *args)`` in ``nprocs`` processes, i being the number of each; wait for them unless ``join=False``.

    ``start_method`` is one of Python's: with ``"spawn"`` each is a fresh interpreter, which imports the program's file
    anew, so that a program run by `wengert run` needs ``"fork"``, or `install_as_torch()` in its file. Raises
    ProcessRaisedException with the traceback of the first that fails, ProcessExitedException for one that has ended
    otherwise; returns a `ProcessContext` when it does not wait.
    """
    context = standard().get_context(start_method)
    processes, errors = [], []
    for i in range(nprocs):
        told, telling = context.Pipe(duplex=False)
        process = context.Process(target=_called, args=(fn, i, args, telling), daemon=daemon)
        process.start()
        telling.close()
        processes.append(process)
        errors.append(told)
    started = ProcessContext(processes, errors)
    if not join:
        return started
    while not started.join():
        pass
    return None


def _called(fn: Callable[..., Any], i: int, args: tuple[Any, ...], telling: Any) -> None:
    """Call a function in a process, and tell the one that started it how it failed."""
    try:
        fn(i, *args)
    except KeyboardInterrupt:
        pass
    except Exception:
        telling.send(traceback.format_exc())
        sys.exit(1)


def spawn(
    fn: Callable[..., Any], args: tuple[Any, ...] = (), nprocs: int = 1, join: bool = True, daemon: bool = False,
    start_method: str = "spawn",
) -> ProcessContext | None:  # fmt: skip
    """Call ``fn(i, *args)`` in ``nprocs`` processes; see `start_processes`."""
    return start_processes(fn, args, nprocs, join, daemon, start_method)


_refuse = refuser(__name__, "torch.multiprocessing")


def __getattr__(name: str) -> Any:
    """Return what Python's module has under a name."""
    if not name.startswith("_") and hasattr(standard(), name):
        return getattr(standard(), name)
    return _refuse(name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
