"""Containers of modules and of parameters: places, names, slices, text and faults."""

import copy
from collections import OrderedDict

import pytest


def names(torch):
    nn = torch.nn
    a, b, c = nn.Linear(1, 2), nn.ReLU(), nn.Linear(2, 1)
    return {
        "torch": torch, "nn": nn, "a": a, "b": b, "c": c, "OrderedDict": OrderedDict, "copy": copy,
        "s": nn.Sequential(a, b, c), "l": nn.ModuleList([a, b, b, c]), "d": nn.ModuleDict({"x": a, "y": b}),
        "p": nn.ParameterList([torch.ones(2), nn.Parameter(torch.zeros(1, 3)), "text"]),
        "q": nn.ParameterDict({"w": torch.ones(2), "b": nn.Parameter(torch.zeros(())), "n": 3}),
    }  # fmt: skip


EXPRESSIONS = [
    "repr(s), repr(l), repr(d), repr(p), repr(q)",
    "repr(nn.ModuleList()), repr(nn.Sequential()), repr(nn.ParameterList()), repr(nn.ModuleDict())",
    "repr(nn.ModuleList([s, s, nn.ModuleList([a])]))",
    "len(s), s[0] is a, s[-1] is c, s[1:][0] is b, list(s[1:].state_dict()), s[::2][1] is c",
    "list(nn.Sequential(OrderedDict(first=a, second=c)).state_dict())",
    "list(s.append(b).state_dict()), len(s), s.insert(1, c)[1] is c, list(s.state_dict())",
    "s.insert(-1, b)[2] is b, len(s.extend([a, b])), s.pop(0) is a, list(s.state_dict())",
    "s.__delitem__(1), list(s.state_dict()), s.__delitem__(slice(0, 1)), list(s.state_dict())",
    "s.__setitem__(1, c), s[1] is c, len(s + s), len(s * 2), len(2 * s), (s * 2)[3] is s[0]",
    "s.__iadd__(nn.Sequential(b)), len(s), s.__imul__(2), len(s), list(s.state_dict())",
    "len(l), l[-1] is c, l[1:3][0] is b, [m is b for m in l], list(l.state_dict())",
    "l.insert(1, c), l[1] is c, len(l), l.append(a)[5] is a, l.pop(0) is a, list(l.state_dict())",
    "l.__setitem__(0, c), l[0] is c, l.__delitem__(slice(1, 3)), list(l.state_dict()), len(l + [b])",
    "l.extend(m for m in (a, c)), len(l), l.__iadd__([b]), len(l)",
    "'x' in d, d['x'] is a, list(d), list(d.keys()), len(d.values()), [k for k, _ in d.items()]",
    "d.update({'z': c, 'x': b}), list(d.state_dict()), d.pop('y') is b, list(d), d.clear(), len(d)",
    "d.update([['u', c]]), d['u'] is c, d.__delitem__('x'), list(d)",
    "list(d.update(OrderedDict(k=a)) or d), list(nn.ModuleDict(d))",
    "len(p), p[0], p[1:], p[-1], [type(v).__name__ for v in p], list(p.state_dict())",
    "p.append(torch.ones(1)), p.extend([torch.zeros(2)]), len(p), list(p.state_dict()), p[3].requires_grad",
    "p.__setitem__(0, torch.zeros(2)), p[0], type(p[0]).__name__, p.__iadd__([1]), p[-1]",
    "len(q), q['w'], list(q), list(q.keys()), 'b' in q, q.get('none'), q.get('n'), [k for k, _ in q.items()]",
    "q.pop('w'), list(q.state_dict()), q.popitem(), list(q), q.setdefault('m', torch.ones(1)), list(q)",
    "list(q | nn.ParameterDict({'z': torch.ones(1)})), list(q.copy()), list(reversed(q))",
    "list(q.fromkeys(['u', 'v'], 2.0).values()), q.clear(), len(q)",
    "q.update({'z': torch.ones(1), 'a': torch.ones(2)}), list(q), q.update([('k', 1)]), list(q)",
    "q.__ior__({'t': torch.ones(1)}), list(q.state_dict())",
    "[k for k in dir(s) if k.isdigit()], sorted(set(dir(d)) & {'x', 'y'})",
    "list(copy.deepcopy(l).state_dict()), copy.deepcopy(q)['w']",
    "[n for n, _ in s.named_parameters()], [n for n, _ in l.named_modules()]",
]  # fmt: skip


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_read(torch, expression):
    def readable(value):
        if isinstance(value, (tuple, list)) and not isinstance(value, torch.Size):
            return [readable(v) for v in value]
        return repr(value) if isinstance(value, torch.nn.Module) else value

    torch.manual_seed(0)
    return readable(eval(expression, names(torch)))


FAULTS = [
    "s[3]", "s[-4]", "s + [a]", "s * 'x'", "s * 0", "s.insert(9, a)", "s.insert(0, 3)", "nn.Sequential(3)",
    "s.append(3)", "l[4]", "l.extend(3)", "l.append('x')", "nn.ModuleList(3)", "d['none']", "d.update(3)",
    "d.update([3])", "d.update([[1, 2, 3]])", "d.__setitem__('x.y', a)", "d.pop('none')", "p[3]", "p.extend(3)",
    "p()", "p.extend(torch.ones(2))", "q[3]", "q['none']", "q(1)", "q.update(3)", "q.update([3])",
    "q.update([[1, 2, 3]])", "q.__setitem__(3, torch.ones(1))", "l(1)", "d(1)",
]  # fmt: skip


@pytest.mark.parametrize("program", FAULTS)
def test_faults(torch, caught, program):
    given = names(torch)
    return caught(lambda: eval(program, given)), len(given["s"]), len(given["l"]), list(given["d"])
