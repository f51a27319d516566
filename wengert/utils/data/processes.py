"""Worker processes that read ahead: the program's side of them, and theirs.

The program puts numbered tasks into each worker's queue; the worker sends pickled answers through a pipe of its own.
"""

from __future__ import annotations

import io
import os
import pickle
import random
import sys
import traceback
import weakref
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import count, cycle
from queue import Empty
from typing import Any

import numpy as np

from wengert.core import blas
from wengert.multiprocessing import first_ready, is_context, standard
from wengert.random import manual_seed
from wengert.tensor import pickling
from wengert.tensor.tensor import Tensor
from wengert.utils.data.iteration import LoaderIterator
from wengert.utils.data.worker import Work, WorkerInfo, become

SECONDS_BETWEEN_LOOKS = 5.0
"""How often an idle worker looks whether the program that it works for is still there."""

SECONDS_TO_LEAVE = 5.0
"""How long workers may take to finish what they are at before they are ended."""


class WorkersIterator(LoaderIterator):
    """Hands out keys to worker processes in turn, and returns their batches in the order of the keys.

    Tasks are numbered through all passes, so that an answer that nobody waits for any more is known by its number.
    ``_given`` maps the tasks under way to their workers; ``_early`` holds answers that came before their turn.
    """

    def __init__(self, loader: Any, what: Work) -> None:
        super().__init__(loader, what)
        self._in_order = loader.in_order
        self._persistent = loader.persistent_workers
        self._timeout = loader.timeout
        self._most_given = loader.prefetch_factor * loader.num_workers
        self._workers: list[Worker] = []
        self._dismiss = weakref.finalize(self, dismiss, self._workers, os.getpid())
        context = loader.multiprocessing_context or default_context()
        for i in range(loader.num_workers):
            self._workers.append(
                Worker.started(
                    context, what, i, loader.num_workers, self._base_seed, loader.worker_init_fn
                )
            )
        self._numbers = count()
        self._give_first()

    def start_over(self, loader: Any) -> None:
        """Begin another pass with the same workers; what is left of the one before is passed over."""
        self._begin(loader)
        for worker in self._workers:
            worker.tasks.put(StartOver)
        self._give_first()

    def _give_first(self) -> None:
        self._given: dict[int, Worker] = {}
        self._early: dict[int, Any] = {}
        self._ended: set[Worker] = set()
        self._turns = cycle(self._workers)
        for _ in range(self._most_given):
            self._give_next()

    def _give_next(self) -> None:
        """Give the next keys, if there are any, to the next worker whose stream has not ended."""
        active = [worker for worker in self._workers if worker not in self._ended]
        if not active:
            return
        try:
            keys = next(self._keys)
        except StopIteration:
            return
        if self._in_order:
            worker = next(worker for worker in self._turns if worker in active)
        else:
            worker = min(active, key=list(self._given.values()).count)
        number = next(self._numbers)
        self._given[number] = worker
        worker.tasks.put((number, keys))

    def _next_batch(self) -> Any:
        while self._given or self._early:
            due = min([*self._given, *self._early] if self._in_order else self._early, default=None)
            if due in self._early:
                outcome = self._early.pop(due)
                self._give_next()
                if isinstance(outcome, Failure):
                    outcome.raise_again()
                return outcome
            self._take_answer()
        if not self._persistent:
            self._dismiss()
        raise StopIteration

    def _take_answer(self) -> None:
        """Wait for one answer; RuntimeError if none comes in time, or a worker is gone."""
        number, outcome = self._received()
        worker = self._given.pop(number, None)
        if worker is None:
            return
        if outcome is Ended:
            self._ended.add(worker)
            self._given = {n: w for n, w in self._given.items() if w is not worker}
            self._give_next()
        else:
            self._early[number] = outcome

    def _received(self) -> Any:
        busy = set(self._given.values())
        channels = [x for worker in busy for x in (worker.results, worker.process.sentinel)]
        ready = first_ready(channels, self._timeout or None)
        if not ready:
            raise RuntimeError(
                f"DataLoader timed out after {self._timeout} seconds. Give it a longer `timeout`, or 0 to wait."
            )
        for worker in busy:
            if worker.results in ready:
                with suppress(EOFError, OSError):
                    return pickle.loads(worker.results.recv_bytes())
        gone = ", ".join(str(w.process.pid) for w in busy if not w.process.is_alive())
        raise RuntimeError(
            f"DataLoader worker (pid(s) {gone}) exited unexpectedly: it was killed, perhaps for want of memory, or "
            f"could not start. Use num_workers=0 to see an error of the dataset where it arises."
        )


@dataclass(frozen=True, eq=False)
class Worker:
    """A worker process as the program sees it."""

    process: Any
    tasks: Any
    results: Any

    @classmethod
    def started(cls, context: Any, *arguments: Any) -> Worker:
        """Start a process that does `work` with these arguments."""
        tasks = context.Queue()
        tasks.cancel_join_thread()
        results, its_end = context.Pipe(duplex=False)
        process = context.Process(target=work, args=(*arguments, tasks, its_end), daemon=True)
        process.start()
        its_end.close()
        return cls(process, tasks, results)


def context_for(given: Any, num_workers: int) -> Any:
    """Return the `multiprocessing` context that was asked for by itself or by the name of its start method.

    Raises ValueError for an unknown name, and without workers; TypeError for what is no context.
    """
    if num_workers == 0:
        raise ValueError(
            f"multiprocessing_context can only be used with multi-process loading (num_workers > 0), but got "
            f"num_workers={num_workers}"
        )
    if isinstance(given, str):
        known = standard().get_all_start_methods()
        if given not in known:
            raise ValueError(
                f"multiprocessing_context option should specify a valid start method in {known!r}, but got "
                f"multiprocessing_context={given!r}"
            )
        return standard().get_context(given)
    if not is_context(given):
        raise TypeError(
            f"multiprocessing_context option should be a valid context object or a string specifying the start "
            f"method, but got multiprocessing_context={given}"
        )
    return given


def default_context() -> Any:
    """Return how workers start: on Linux as copies of the running program, whatever their dataset is made of.

    Elsewhere they start as Python's `multiprocessing` does: from pickles, in a fresh interpreter, in which `torch`
    means Wengert only if the program's file calls `install_as_torch` before it imports it.
    """
    return standard().get_context("fork" if sys.platform == "linux" else None)


def dismiss(workers: list[Worker], owner: int) -> None:
    """End worker processes, in the process that started them; its copies know them too."""
    if os.getpid() != owner:
        return
    for worker in workers:
        worker.tasks.put(None)
        worker.results.close()
    for worker in workers:
        worker.process.join(SECONDS_TO_LEAVE)
        if worker.process.is_alive():
            worker.process.terminate()
            worker.process.join()
        worker.tasks.close()


def work(
    what: Work,
    number: int,
    of: int,
    base_seed: int,
    prepare: Callable[[int], Any] | None,
    tasks: Any,
    results: Any,
) -> None:
    """Answer tasks ``(n, keys)`` with ``(n, batch)``, ``(n, Failure)`` or ``(n, Ended)`` until there comes None.

    Each worker has seeds of its own for Python's, NumPy's and Wengert's numbers, which follow from ``base_seed``, and
    computes in one thread, where NumPy's BLAS can be told so.
    """
    if (threads := blas.control()) is not None:
        threads.set(1)
    seed = base_seed + number
    random.seed(seed)
    words = [number, base_seed & 0xFFFFFFFF, base_seed >> 32]
    np.random.seed(np.random.SeedSequence(words).generate_state(4))
    manual_seed(seed)
    become(WorkerInfo(number, of, seed, what.dataset))
    with suppress(KeyboardInterrupt, BrokenPipeError):
        fetch = _begun(what, number, prepare)
        while (task := _next_task(tasks)) is not None:
            if task is StartOver:
                fetch = _begun(what, number)
            elif fetch is not Ended:
                n, keys = task
                outcome = _outcome(fetch, keys, what, number)
                if outcome is Ended:
                    fetch = Ended
                results.send_bytes(packed(n, outcome, number))


def _begun(what: Work, number: int, prepare: Callable[[int], Any] | None = None) -> Any:
    """Return the worker's fetcher, or how it failed to get ready."""
    try:
        if prepare is not None:
            prepare(number)
        return what.fetcher()
    except Exception as error:
        return Failure.of(error, number)


def _outcome(fetch: Any, keys: Any, what: Work, number: int) -> Any:
    if isinstance(fetch, Failure):
        return fetch
    try:
        return fetch(keys)
    except Exception as error:
        if what.iterable and isinstance(error, StopIteration):
            return Ended
        return Failure.of(error, number)


def _next_task(tasks: Any) -> Any:
    """Wait for a task; None, the order to stop, also when the program is gone."""
    program = standard().parent_process()
    while True:
        try:
            return tasks.get(timeout=SECONDS_BETWEEN_LOOKS)
        except Empty:
            if program is None or not program.is_alive():
                return None


@dataclass(frozen=True)
class Failure:
    """An error on its way from a worker to the program: exceptions and their tracebacks do not travel themselves."""

    kind: type[BaseException]
    text: str

    @classmethod
    def of(cls, error: BaseException, worker: int) -> Failure:
        """Describe an error that was caught in a worker."""
        told = "".join(traceback.format_exception(error))
        name = type(error).__name__
        return cls(
            type(error), f"Caught {name} in DataLoader worker process {worker}.\nOriginal {told}"
        )

    def raise_again(self) -> None:
        """Raise an error of the same type, or RuntimeError where that type takes other arguments than a text."""
        try:
            error = self.kind(_Verbatim(self.text))
        except Exception:
            error = RuntimeError(self.text)
        raise error


class _Verbatim(str):
    """A text that KeyError, which shows the `repr` of its argument, shows as it is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class Ended:
    """A worker's answer when its stream has ended."""


class StartOver:
    """The order to start the stream again."""


def packed(number: int, outcome: Any, worker: int) -> bytes:
    """Pickle an answer; for one that cannot be pickled, a `Failure` that says so."""
    try:
        return _dumps((number, outcome))
    except Exception as error:
        failure = outcome if isinstance(outcome, Failure) else Failure.of(error, worker)
        return _dumps((number, Failure(RuntimeError, failure.text)))


def _dumps(outcome: Any) -> bytes:
    buffer = io.BytesIO()
    _Pickler(buffer, pickle.HIGHEST_PROTOCOL).dump(outcome)
    return buffer.getvalue()


class _Pickler(pickle.Pickler):
    """Refuses tensors with a history, which would arrive as leaves; of others it sends no more than they show.

    A sample is often a row of all data, whose memory would be sent with each.
    """

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, Tensor) and not obj.is_leaf:
            raise RuntimeError(
                "A DataLoader's worker cannot send a tensor with a history: gradients do not flow from one process to "
                "another. Use `x.detach()` in the dataset or in `collate_fn`, or num_workers=0."
            )
        if isinstance(obj, Tensor) and type(obj).__reduce_ex__ is Tensor.__reduce_ex__:
            return pickling.reduced(obj, trimmed=True)
        return NotImplemented
