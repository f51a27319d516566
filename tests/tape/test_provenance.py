"""Places in the user's program."""

from types import SimpleNamespace

from wengert.tape.provenance import outside


def frame(name, offset, beyond):
    return SimpleNamespace(f_code=SimpleNamespace(co_filename=name), f_lasti=offset, f_back=beyond)


def test_the_innermost_place_outside_of_the_package():
    users = frame("users.py", 2, frame("outer.py", 3, None))
    assert outside(frame(outside.__code__.co_filename, 1, users)) == (users.f_code, 2)


def test_the_outermost_place_where_all_is_the_package():
    inside = outside.__code__.co_filename
    outermost = frame(inside, 2, None)
    assert outside(frame(inside, 1, outermost)) == (outermost.f_code, 2)
