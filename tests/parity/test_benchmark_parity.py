"""`utils.benchmark`: what is said of given times, tables, and faults; and times that are measured here."""

import importlib
import re

import pytest


def tools(torch):
    return importlib.import_module(f"{torch.__name__}.utils.benchmark")


def measured(torch, times, number=1, **told):
    B = tools(torch)
    return B.Measurement(number, times, B.TaskSpec(**{"stmt": "x + y", "setup": "pass", **told}))


CASES = [
    ([1e-6], 1, {}),
    ([1e-5, 2e-5, 3e-5], 10, {}),
    ([1e-3 * (1 + i / 100) for i in range(9)], 1, {"label": "L", "sub_label": "S", "description": "D",
        "num_threads": 2}),
    ([1.0, 3.0, 9.0, 2.0, 1.0], 1, {"sub_label": "S"}),
    ([1.0, 1.2, 1.0, 1.2], 1, {"setup": "a = 1"}),
    ([1.0, 1.2, 1.0, 1.2], 1, {"setup": "a = 1\nb = 2", "stmt": "q\nr", "env": "E", "sub_label": "S"}),
    ([4.1e-8] * 6, 3, {"setup": ""}),
]  # fmt: skip


@pytest.mark.parametrize(("times", "number", "told"), CASES)
def test_a_measurement(torch, times, number, told):
    m = measured(torch, times, number, **told)
    text = repr(m).split("\n", 1)[1]
    asked = [m.median, m.mean, m.iqr, m.significant_figures, m.has_warnings, m.title, m.as_row_name]
    return (
        text,
        asked,
        m.times,
        m.num_threads,
        m.stmt,
        m.meets_confidence(0.3),
        m.task_spec.summarize(),
    )


def results(torch):
    rows = [
        ("A", "s1", "d1", 1, 3), ("A", "s2", "d1", 1, 300), ("A", "s1", "d2", 1, 5), ("A", "s1", "d1", 4, 1),
        ("B", "s1", "d1", 1, 10000), ("A", "s2", "d2", 1, 315),
    ]  # fmt: skip
    return [
        measured(
            torch, [t * 1e-6 * (i + 1), t * 1.1e-6 * (i + 1), t * 1.2e-6 * (i + 1)],
            label=label, sub_label=sub_label, description=description, num_threads=threads,
        )
        for i, (label, sub_label, description, threads, t) in enumerate(rows)
    ]  # fmt: skip


@pytest.mark.parametrize(
    "wish",
    [
        "",
        "trim_significant_figures()",
        "colorize()",
        "colorize(rowwise=True)",
        "highlight_warnings()",
    ],
)
def test_a_table(torch, wish):
    table = tools(torch).Compare(results(torch))
    if wish:
        eval(f"table.{wish}", {"table": table})
    table.print()
    table.extend_results([measured(torch, [1.0, 5.0, 9.0, 20.0], label="C", description="d")])
    return str(table)


def test_a_table_of_environments(torch):
    rows = [("s1", "one"), ("s1", "other"), ("s2", "one"), ("s2", "other")]
    both = [
        measured(
            torch, [1e-6 * k, 5e-6, 9e-6, 2e-5], label="A", sub_label=s, description="d", env=env
        )
        for k, (s, env) in enumerate(rows, 1)
    ]
    table = tools(torch).Compare(both)
    table.highlight_warnings()
    return str(table)


def test_merged(torch):
    one, two, *_ = results(torch)
    return [m.raw_times for m in tools(torch).Measurement.merge([one, two, one])]


FAULTS = ["Compare([3])", "Timer(len)", "Timer('1', language='cobol')", "Timer('1', global_setup='int x')",
          "Timer('1').repeat()", "Timer('1').autorange()", "Timer('absent + 1').timeit(3)", "Timer('1 +')",
          "m.bogus"]  # fmt: skip


@pytest.mark.parametrize("call", FAULTS)
def test_faults(torch, refused, call):
    given = vars(tools(torch)) | {"m": measured(torch, [1.0])}
    return refused(lambda: eval(call, given))


def test_times_that_are_measured(torch):
    B = tools(torch)
    runs = []
    timer = B.Timer("y = f(x)", "\n    x = torch.ones(3)\n", globals={"f": torch.exp}, label="exp")
    one = timer.timeit(number=20)
    many = timer.blocked_autorange(min_run_time=0.02, callback=lambda n, s: runs.append((n, s > 0)))
    sure = timer.adaptive_autorange(threshold=0.5, min_run_time=0.001, max_run_time=0.5)
    told = re.sub(r"[\d.]+ [munsx]+", "T", repr(one).split("\n", 1)[1])
    return [
        told, one.number_per_run, len(one.raw_times), 0 < one.median < 1e-3, 0 < many.median < 1e-3,
        len(runs) == len(many.raw_times), sum(many.raw_times) >= 0.02, len(sure.raw_times) > 3, sure.label,
    ]  # fmt: skip
