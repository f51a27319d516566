"""`torch.profiler`: when it records, which ranges it finds, and how often. PyTorch's kernels are left out."""

import json

import pytest

OURS = {"aten::matmul", "aten::relu", "aten::add", "aten::sum"}
PLANS = [
    {"wait": 1, "warmup": 1, "active": 2, "repeat": 2, "skip_first": 1},
    {"wait": 0, "warmup": 1, "active": 1},
    {"wait": 2, "warmup": 1, "active": 1, "skip_first": 2, "skip_first_wait": 1},
    {"wait": 1, "warmup": 0, "active": 3, "repeat": 1},
]


@pytest.mark.parametrize("plan", PLANS)
def test_plans(torch, plan):
    action = torch.profiler.schedule(**plan)
    return [action(step).name for step in range(14)]


def ranges(torch, prof):
    return [
        (e.key, e.count)
        for e in prof.key_averages()
        if not e.key.startswith("aten::") or e.key in OURS
    ]


def test_named_ranges_and_functions(torch):
    x = torch.ones(3, 3)

    @torch.profiler.record_function("decorated")
    def f(x):
        return (x @ x).relu()

    with torch.profiler.profile() as prof:
        with torch.profiler.record_function("outer"):
            for _ in range(3):
                with torch.autograd.profiler.record_function("inner"):
                    y = x + x
        f(y)
    f(y)
    times = {e.key: e.cpu_time_total for e in prof.key_averages()}
    averages = {e.key: e for e in prof.key_averages()}
    inner = averages["inner"]
    return [
        sorted(ranges(torch, prof)), times["outer"] > times["inner"] > times["aten::add"] > 0,
        inner.cpu_time * 3 == pytest.approx(inner.cpu_time_total), inner.self_cpu_time_total < inner.cpu_time_total,
    ]  # fmt: skip


@pytest.mark.parametrize("plan", PLANS[:2] + PLANS[3:])
def test_steps(torch, plan):
    ready = []

    def note(prof):
        ready.append(
            (
                prof.step_num,
                ranges(torch, prof),
                len([e for e in prof.events() if e.name.startswith("s")]),
            )
        )

    with torch.profiler.profile(
        schedule=torch.profiler.schedule(**plan), on_trace_ready=note
    ) as prof:
        for i in range(8):
            with torch.profiler.record_function(f"s{i}"):
                torch.ones(2) + 1
            prof.step()
    return ready, prof.step_num


def test_the_older_profile(torch):
    with torch.autograd.profiler.profile() as prof:
        with torch.autograd.profiler.record_function("r"):
            torch.ones(2) + 1
    found = [(e.key, e.count) for e in prof.key_averages() if e.key in ("r", "aten::add")]
    return sorted(found), prof.self_cpu_time_total > 0, prof.total_average().count >= 3


def test_text(torch):
    with torch.profiler.profile() as prof:
        for _ in range(2):
            with torch.profiler.record_function("one range"):
                pass
    table = prof.key_averages().table(sort_by="cpu_time_total", row_limit=1, header="H")
    head = table.splitlines()[3].split("  ")
    return (
        [c.strip() for c in head if c.strip()],
        "one range" in table,
        table.splitlines()[1],
        len(table.splitlines()),
    )


def test_errors(torch, refused):
    with torch.profiler.profile() as prof:
        torch.ones(2) + 1
    return [
        refused(lambda: torch.profiler.schedule(wait=-1, warmup=1, active=1)),
        refused(lambda: torch.profiler.schedule(wait=1, warmup=1, active=0)),
        refused(lambda: torch.profiler.profile().key_averages()), refused(lambda: torch.profiler.profile(schedule=3)),
        refused(lambda: prof.key_averages().table(sort_by="bogus")),
    ]  # fmt: skip


def test_an_error_inside_ends_the_ranges(torch):
    with torch.profiler.profile() as prof:
        try:
            with torch.profiler.record_function("broken"):
                torch.ones(2) + torch.ones(3)
        except RuntimeError:
            pass
        with torch.profiler.record_function("after"):
            pass
    events = {e.name: e for e in prof.events()}
    return "broken" in events, events["after"].cpu_parent is None


def test_warnings(torch, warned):
    A = torch.profiler.ProfilerActivity
    return [
        warned(
            lambda: (
                torch.profiler.profile(activities=[A.CPU, A.CUDA])
                .__enter__()
                .__exit__(None, None, None)
            )
        ),
        warned(lambda: torch.profiler.schedule(wait=1, warmup=0, active=1)),
        [a.name for a in torch.profiler.supported_activities()],
    ]


def test_a_trace_file(torch, tmp_path):
    handler = torch.profiler.tensorboard_trace_handler(
        str(tmp_path), worker_name="w", use_gzip=False
    )
    with torch.profiler.profile(on_trace_ready=handler) as prof:
        with torch.profiler.record_function("named"):
            torch.ones(2) + 1
    files = [
        path
        for path in tmp_path.iterdir()
        if torch.__name__ in str(tmp_path) or path.name.startswith("w.")
    ]
    told = json.loads(files[-1].read_text())
    names = {event["name"] for event in told["traceEvents"] if event.get("ph") == "X"}
    return (
        files[-1].name.endswith(".pt.trace.json"),
        "named" in names,
        "aten::add" in names,
        prof.step_num,
    )
