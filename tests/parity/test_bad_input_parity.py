"""Bad input: the type of the error, and that the failed call left everything as it was.

A case is the text of a program up to its mistake, and the mistake. Every tensor that the program
made is watched: value, `.grad`, version and the gradients of its graph.
"""

import warnings

import numpy as np
import pytest

BACKWARD = {
    "backward of a non-scalar": ("y = x * 2", "y.backward()"),
    "backward of an empty tensor": ("y = x[:0]", "y.backward()"),
    "backward of a tensor off the tape": ("y = torch.ones(())", "y.backward()"),
    "backward of a detached tensor": ("y = (x * 2).sum().detach()", "y.backward()"),
    "backward of a tensor made without grad": (
        "with torch.no_grad():\n    y = (x * 2).sum()",
        "y.backward()",
    ),
    "backward of integers": ("y = torch.tensor(3)", "y.backward()"),
    "second backward": ("y = (x * x).sum()\ny.backward()", "y.backward()"),
    "second backward of exp": ("y = x.exp().sum()\ny.backward()", "y.backward()"),
    "second backward of a shared part": (
        "h = x * x\na = h.sum()\nb = (h * h).sum()\na.backward()",
        "b.backward()",
    ),
    "third backward": (
        "y = (x * x).sum()\ny.backward(retain_graph=True)\ny.backward()",
        "y.backward()",
    ),
    "gradient of another shape": ("y = x * 2", "y.backward(torch.ones(4))"),
    "gradient of a scalar's shape": ("y = x * 2", "y.backward(torch.tensor(1.0))"),
    "gradient with one more dimension": ("y = x * 2", "y.backward(torch.ones(1, 3))"),
    "gradient of another kind": ("y = x * 2", "y.backward(torch.ones(3) * 1j)"),
    "gradient is a list": ("y = x * 2", "y.backward([1.0, 1.0, 1.0])"),
    "gradient is a number": ("y = (x * 2).sum()", "y.backward(1.0)"),
    "inputs is empty": ("y = (x * 2).sum()", "y.backward(inputs=[])"),
    "inputs off the tape": ("y = (x * 2).sum()\nz = torch.ones(2)", "y.backward(inputs=[z])"),
    "inputs not tensors": ("y = (x * 2).sum()", "y.backward(inputs=[3.0])"),
    "backward of several with too few gradients": (
        "y = x * 2\nz = x * 3",
        "torch.autograd.backward([y, z], [torch.ones(3)])",
    ),
    "autograd.backward of a number": ("", "torch.autograd.backward(3.0)"),
    "unknown argument": ("y = (x * 2).sum()", "y.backward(keep_graph=True)"),
    "grad of an unused input": ("y = (x * 2).sum()", "torch.autograd.grad(y, [x, w])"),
    "grad of an input off the tape": (
        "c = torch.ones(3)\ny = (x * c).sum()",
        "torch.autograd.grad(y, c)",
    ),
    "grad of an output off the tape": ("c = torch.ones(())", "torch.autograd.grad(c, x)"),
    "grad of a non-scalar": ("y = x * 2", "torch.autograd.grad(y, x)"),
    "grad with a wrong weight": ("y = x * 2", "torch.autograd.grad(y, x, torch.ones(2))"),
    "grad of no inputs": ("y = (x * 2).sum()", "torch.autograd.grad(y, [])"),
    "grad of a number": ("", "torch.autograd.grad(3.0, x)"),
    "grad with respect to a number": ("y = (x * 2).sum()", "torch.autograd.grad(y, 3.0)"),
    "grad twice": ("y = (x * x).sum()\ntorch.autograd.grad(y, x)", "torch.autograd.grad(y, x)"),
    "second derivative without create_graph": (
        "g, = torch.autograd.grad((x ** 3).sum(), x)",
        "torch.autograd.grad(g.sum(), x)",
    ),
    "backward through an index cast": ("y = x.long().sum()", "y.backward()"),
    "backward through a comparison": ("y = (x > 0).sum()", "y.backward()"),
    "backward through argmax": ("y = x.argmax()", "y.backward()"),
    "hook returns a wrong shape": (
        "h = x * 2\nh.register_hook(lambda g: torch.ones(7))\ny = (h * h).sum()",
        "y.backward(retain_graph=True)",
    ),
    "hook returns a number": (
        "h = x * 2\nh.register_hook(lambda g: 3.0)\ny = (h * h).sum()",
        "y.backward(retain_graph=True)",
    ),
    "hook returns a text": (
        "h = x * 2\nh.register_hook(lambda g: 'g')\ny = (h * h).sum()",
        "y.backward(retain_graph=True)",
    ),
    "leaf hook returns a wrong shape": (
        "x.register_hook(lambda g: torch.ones(7))\ny = (x * x + w).sum()",
        "y.backward(retain_graph=True)",
    ),
    "leaf hook returns another kind": (
        "x.register_hook(lambda g: 'no')\ny = (x * x + w).sum()",
        "y.backward(retain_graph=True)",
    ),
    "hook with too many arguments": (
        "h = x * 2\nh.register_hook(lambda g, more: g)\ny = h.sum()",
        "y.backward(retain_graph=True)",
    ),
    "hook raises": (
        "h = x * 2\nh.register_hook(lambda g: {}['k'])\ny = (h * h + w).sum()",
        "y.backward(retain_graph=True)",
    ),
    "hook is not callable": ("h = x * 2", "h.register_hook(3)\nh.sum().backward()"),
    "node hook returns too few": (
        "y = x * w\ny.grad_fn.register_hook(lambda gi, go: (gi[0],))\nz = y.sum()",
        "z.backward(retain_graph=True)",
    ),
    "node hook returns a tensor": (
        "y = x * w\ny.grad_fn.register_hook(lambda gi, go: gi[0])\nz = y.sum()",
        "z.backward(retain_graph=True)",
    ),
    "node prehook returns too many": (
        "y = x * w\ny.grad_fn.register_prehook(lambda go: (go[0], go[0]))\nz = y.sum()",
        "z.backward(retain_graph=True)",
    ),
    "saved-tensor hook unpacks a wrong thing": (
        "with torch.autograd.graph.saved_tensors_hooks(lambda t: 1, lambda t: 'no'):\n"
        "    y = x.exp().sum()",
        "y.backward(retain_graph=True)",
    ),
}

FLAGS = {
    "gradients of integers": ("", "torch.tensor(1, requires_grad=True)"),
    "gradients of booleans": ("", "torch.tensor([True], requires_grad=True)"),
    "gradients of integer zeros": ("", "torch.zeros(2, dtype=torch.int64, requires_grad=True)"),
    "gradients of an integer arange": ("", "torch.arange(3, requires_grad=True)"),
    "requires_grad_ of integers": ("i = torch.tensor([1, 2])", "i.requires_grad_()"),
    "requires_grad set on integers": ("i = torch.tensor([1, 2])", "i.requires_grad = True"),
    "requires_grad off on an inner tensor": ("h = x * 2", "h.requires_grad_(False)"),
    "requires_grad set off on an inner tensor": ("h = x * 2", "h.requires_grad = False"),
    "requires_grad set to a text": ("", "x.requires_grad = 'yes'"),
    "retain_grad off the tape": ("c = torch.ones(2)", "c.retain_grad()"),
    "grad of another shape assigned": ("", "x.grad = torch.ones(2)"),
    "grad of another dtype assigned": ("", "x.grad = torch.ones(3, dtype=torch.float64)"),
    "grad assigned a number": ("", "x.grad = 3.0"),
    "grad assigned a list": ("", "x.grad = [1.0, 2.0, 3.0]"),
    "grad assigned itself": ("", "x.grad = x"),
    "grad_fn assigned": ("", "x.grad_fn = None"),
    "shape assigned": ("", "x.shape = (3, 1)"),
    "dtype assigned": ("", "x.dtype = torch.float64"),
    "data assigned a list": ("", "x.data = [1.0, 2.0, 3.0]"),
    "data assigned another dtype": ("h = x * 1", "h.data = torch.tensor([1, 2, 3])"),
    "detach_ of a view": ("h = (x * 1)[:2]", "h.detach_()"),
    "deep copy of an inner tensor": ("import copy\nh = x * 1", "copy.deepcopy(h)"),
}

READING = {
    "item of many elements": ("", "x.item()"),
    "item of none": ("", "x[:0].item()"),
    "bool of many elements": ("", "bool(x)"),
    "bool of none": ("", "bool(torch.ones(0)[None].sum(0)[:0].reshape(0, 2))"),
    "if over many elements": ("", "exec('if x > 0: pass', {'x': x})"),
    "float of many elements": ("", "float(x)"),
    "int of many elements": ("", "int(x)"),
    "index by a float tensor": ("", "[1, 2, 3][torch.tensor(1.0)]"),
    "numpy of a tensor that requires grad": ("", "x.numpy()"),
    "numpy of an inner tensor": ("h = x * 2", "h.numpy()"),
    "asarray of a tensor that requires grad": ("", "np.asarray(x)"),
    "len of a scalar": ("s = torch.tensor(1.0)", "len(s)"),
    "iteration over a scalar": ("s = torch.tensor(1.0)", "list(s)"),
    "unpacking into too few": ("", "exec('a, b = x', {'x': x})"),
    "absent attribute": ("", "x.gradient"),
    "absent function": ("", "torch.absent_function(x)"),
    "format with a specification": ("", "f'{x:.2f}'"),
    "tensor as a text": ("", "'x is ' + x"),
    "complex to a float": ("", "float(torch.tensor(1 + 2j))"),
    "range over a float": ("", "range(torch.tensor(2.0))"),
    "text inside": ("", "'a' in x"),
}

SHAPES = {
    "add": ("", "x + torch.ones(4)"),
    "mul": ("", "x * torch.ones(2)"),
    "div": ("", "x / torch.ones(2, 2)"),
    "compare": ("", "x > torch.ones(2)"),
    "where": ("", "torch.where(x > 0, x, torch.ones(2))"),
    "where mask": ("", "torch.where(torch.tensor([True, False]), x, x)"),
    "maximum": ("", "torch.maximum(x, torch.ones(2))"),
    "matmul of vectors": ("", "x @ torch.ones(4)"),
    "matmul of matrices": ("", "m @ m"),
    "matmul of matrix and vector": ("", "m @ torch.ones(2)"),
    "matmul of a scalar": ("", "x @ torch.tensor(1.0)"),
    "matmul of a number": ("", "x @ 3"),
    "matmul of batches": ("", "torch.ones(2, 3, 3) @ torch.ones(3, 3, 3)"),
    "dot of matrices": ("", "torch.dot(m, m)"),
    "dot of lengths": ("", "torch.dot(x, torch.ones(2))"),
    "mm of vectors": ("", "torch.mm(x, x)"),
    "mm of shapes": ("", "torch.mm(m, m)"),
    "mv of shapes": ("", "torch.mv(m, torch.ones(2))"),
    "reshape": ("", "x.reshape(2, 2)"),
    "reshape with two unknowns": ("", "m.reshape(-1, -1)"),
    "reshape that does not divide": ("", "m.reshape(4, -1)"),
    "reshape to a negative": ("", "m.reshape(-2, 3)"),
    "reshape of a list of floats": ("", "m.reshape(2.0, 3)"),
    "view": ("", "x.view(2)"),
    "view of a transposed": ("", "m.t().view(-1)"),
    "expand a larger one": ("", "x.expand(4)"),
    "expand to fewer dimensions": ("", "m.expand(3)"),
    "expand a leading unknown": ("", "x.expand(-1, 3)"),
    "permute too few": ("", "m.permute(0)"),
    "permute repeated": ("", "m.permute(0, 0)"),
    "transpose of three": ("", "torch.ones(1, 2, 3).t()"),
    "mT of a vector": ("", "x.mT"),
    "cat of shapes": ("", "torch.cat([m, torch.ones(2, 2)])"),
    "cat of dimensions": ("", "torch.cat([m, x])"),
    "cat of nothing": ("", "torch.cat([])"),
    "cat of a tensor": ("", "torch.cat(x)"),
    "cat of scalars": ("", "torch.cat([torch.tensor(1.0), torch.tensor(2.0)])"),
    "cat of numbers": ("", "torch.cat([1.0, 2.0])"),
    "stack of shapes": ("", "torch.stack([x, torch.ones(2)])"),
    "stack of nothing": ("", "torch.stack([])"),
    "split by sizes": ("", "x.split([1, 1])"),
    "split by a negative": ("", "x.split(-1)"),
    "split of a scalar": ("", "torch.tensor(1.0).split(1)"),
    "chunk by zero": ("", "x.chunk(0)"),
    "gather of dimensions": ("", "m.gather(1, torch.tensor([0, 1]))"),
    "gather larger": ("", "m.gather(0, torch.zeros(2, 4, dtype=torch.int64))"),
    "scatter_add of dimensions": ("", "m.scatter_add(1, torch.tensor([0]), x)"),
    "mse_loss": ("", "torch.nn.functional.mse_loss(x, torch.ones(2))"),
    "linspace negative": ("", "torch.linspace(0, 1, -1)"),
    "zeros negative": ("", "torch.zeros(-1)"),
    "eye negative": ("", "torch.eye(-1)"),
    "arange the wrong way": ("", "torch.arange(3, 0)"),
    "arange step zero": ("", "torch.arange(0, 3, 0)"),
}

DIMENSIONS = {
    "sum": ("", "x.sum(3)"),
    "sum negative": ("", "x.sum(-2)"),
    "sum twice": ("", "m.sum((0, 0))"),
    "sum by name": ("", "m.sum(dim='rows')"),
    "sum by a float": ("", "m.sum(0.0)"),
    "mean": ("", "m.mean(5)"),
    "max": ("", "m.max(2)"),
    "max of tuples": ("", "m.max((0, 1))"),
    "max of nothing": ("", "torch.ones(0).max()"),
    "max over nothing": ("", "torch.ones(0, 2).max(0)"),
    "min of nothing": ("", "torch.ones(0).min()"),
    "amax of nothing": ("", "torch.ones(0).amax()"),
    "argmax of nothing": ("", "torch.ones(0).argmax()"),
    "prod": ("", "m.prod(3)"),
    "prod of tuples": ("", "m.prod((0, 1))"),
    "softmax": ("", "x.softmax(1)"),
    "softmax without a dim": ("", "torch.softmax(x)"),
    "logsumexp": ("", "m.logsumexp(2)"),
    "logsumexp without a dim": ("", "m.logsumexp()"),
    "unsqueeze": ("", "x.unsqueeze(3)"),
    "squeeze": ("", "x.squeeze(2)"),
    "transpose": ("", "m.transpose(0, 2)"),
    "flatten": ("", "m.flatten(1, 0)"),
    "cat": ("", "torch.cat([x, x], 1)"),
    "stack": ("", "torch.stack([x, x], 3)"),
    "split": ("", "x.split(1, dim=1)"),
    "gather": ("", "x.gather(1, torch.tensor([0]))"),
    "size": ("", "x.size(1)"),
    "softmax of integers": ("", "torch.tensor([1, 2]).softmax(0)"),
    "mean of integers": ("", "torch.tensor([1, 2]).mean()"),
}

INDICES = {
    "beyond the end": ("", "x[3]"),
    "before the beginning": ("", "x[-4]"),
    "beyond in the second": ("", "m[0, 3]"),
    "too many": ("", "x[0, 0]"),
    "of a scalar": ("", "torch.tensor(1.0)[0]"),
    "by a float": ("", "x[1.0]"),
    "by a text": ("", "x['a']"),
    "by a float tensor": ("", "x[torch.tensor([0.0, 1.0])]"),
    "array beyond the end": ("", "x[torch.tensor([0, 3])]"),
    "array before the beginning": ("", "x[torch.tensor([-4])]"),
    "mask of another length": ("", "x[torch.tensor([True, False])]"),
    "mask of another shape": ("", "m[torch.tensor([[True], [False], [True]])]"),
    "arrays that do not broadcast": ("", "m[[0, 1], [0, 1, 2]]"),
    "negative step": ("", "x[::-1]"),
    "zero step": ("", "x[::0]"),
    "slice by a float": ("", "x[0.5:2]"),
    "gather beyond": ("", "x.gather(0, torch.tensor([3]))"),
    "gather by floats": ("", "x.gather(0, torch.tensor([1.0]))"),
    "scatter_add beyond": ("", "x.scatter_add(0, torch.tensor([5]), x)"),
    "deletion": ("", "exec('del x[0]', {'x': x})"),
    "unbind of a scalar": ("", "torch.tensor(1.0).unbind()"),
    "index_select beyond": ("", "x.index_select(0, torch.tensor([5]))"),
}

DTYPES = {
    "matmul": ("", "m @ torch.ones(3, dtype=torch.float64)"),
    "mm": ("", "torch.mm(m, torch.ones(3, 2, dtype=torch.float64))"),
    "dot": ("", "torch.dot(x, torch.ones(3, dtype=torch.float64))"),
    "dot with integers": ("", "torch.dot(x, torch.tensor([1, 2, 3]))"),
    "mse_loss of integers": ("", "torch.nn.functional.mse_loss(*[torch.tensor([1, 2])] * 2)"),
    "scatter_add": (
        "",
        "x.scatter_add(0, torch.tensor([0]), torch.ones(1, dtype=torch.float64))",
    ),
    "subtraction of booleans": ("", "torch.tensor([True]) - torch.tensor([True])"),
    "negative of booleans": ("", "-torch.tensor([True])"),
    "negative power of integers": ("", "torch.tensor([2]) ** -1"),
    "order of complex": ("", "torch.tensor([1j]) < torch.tensor([2j])"),
    "invert floats": ("", "~x"),
    "and of floats": ("", "x & x"),
    "maximum of complex": ("", "torch.maximum(torch.tensor([1j]), torch.tensor([1j]))"),
    "complex to a real dtype by where": ("", "torch.where(x, x, x)"),
    "division by integer zero": ("", "torch.tensor([1]) // 0"),
    "remainder by integer zero": ("", "torch.tensor([1]) % 0"),
    "relu of booleans": ("", "torch.relu(torch.tensor([True]))"),
    "to an unknown dtype": ("", "x.to('float33')"),
    "to a python type that is none": ("", "x.to(list)"),
}

ARGUMENTS = {
    "ragged list": ("", "torch.tensor([[1.0, 2.0], [3.0]])"),
    "ragged deeper": ("", "torch.tensor([[[1.0], [2.0]], [[3.0], 4.0]])"),
    "number beside a list": ("", "torch.tensor([1.0, [2.0]])"),
    "text": ("", "torch.tensor('a')"),
    "list of texts": ("", "torch.tensor(['a', 'b'])"),
    "none": ("", "torch.tensor(None)"),
    "list with none": ("", "torch.tensor([1.0, None])"),
    "dictionary": ("", "torch.tensor({'a': 1})"),
    "set": ("", "torch.tensor({1.0, 2.0})"),
    "object": ("", "torch.tensor(object())"),
    "no argument": ("", "torch.tensor()"),
    "two arguments": ("", "torch.tensor(1.0, 2.0)"),
    "unknown keyword": ("", "torch.tensor(1.0, requires_gradient=True)"),
    "dtype is a text": ("", "torch.zeros(2, dtype='float32')"),
    "numpy array of objects": ("", "torch.tensor(np.array([None, 1]))"),
    "numpy array of texts": ("", "torch.from_numpy(np.array(['a']))"),
    "from_numpy of a list": ("", "torch.from_numpy([1.0, 2.0])"),
    "integer that is too large": ("", "torch.tensor(2**70)"),
    "value out of the dtype": ("", "torch.tensor(300, dtype=torch.uint8)"),
    "zeros of a float": ("", "torch.zeros(2.0)"),
    "zeros of a text": ("", "torch.zeros('2')"),
    "full without a value": ("", "torch.full((2,))"),
    "add a text": ("", "x + 'a'"),
    "add a list": ("", "x + [1.0, 2.0, 3.0]"),
    "add none": ("", "x + None"),
    "reflected add of a text": ("", "'a' + x"),
    "mul by a dictionary": ("", "x * {}"),
    "power of a text": ("", "x ** 'a'"),
    "compare with a text": ("", "x < 'a'"),
    "exp of a number": ("", "torch.exp(1.0)"),
    "sum of a list": ("", "torch.sum([1.0, 2.0])"),
    "relu of a list": ("", "torch.relu([1.0])"),
    "matmul by a list": ("", "x @ [1.0, 2.0, 3.0]"),
    "sum with an unknown keyword": ("", "x.sum(dimension=0)"),
    "method with too many arguments": ("", "x.exp(1)"),
    "call of a tensor": ("", "x(1)"),
    "dim in a set": ("", "m.sum({0})"),
    "dims in nested lists": ("", "m.sum([[0], [1]])"),
    "dim in a dictionary": ("", "m.max({'dim': 0})"),
    "transpose by lists": ("", "m.transpose([0], [1])"),
    "permute by a text": ("", "m.permute('01')"),
    "zeros of a set": ("", "torch.zeros({2})"),
    "reshape to a dictionary": ("", "m.reshape({})"),
    "expand to a tensor of floats": ("", "x.expand(torch.tensor([2.0, 3.0]))"),
    "keepdim is a text": ("", "m.sum(0, keepdim='yes')"),
    "unsqueeze by a tensor of two": ("", "x.unsqueeze(torch.tensor([0, 1]))"),
    "tensor plus a module": ("", "x + np"),
    "set_grad_enabled without an argument": ("", "torch.set_grad_enabled()"),
}


def refusal(torch, refused, case):
    """Run the text of a program up to its mistake, then the mistake under watch."""
    setup, mistake = case
    x = torch.tensor([0.5, -1.0, 2.0], requires_grad=True)
    w = torch.tensor([1.5, 2.0, -0.5], requires_grad=True)
    m = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], requires_grad=True)
    scope = {"torch": torch, "np": np, "x": x, "w": w, "m": m}
    exec(setup, scope)
    watched = [value for value in scope.values() if isinstance(value, torch.Tensor)]
    answer = refused(lambda: exec(mistake, scope), *watched)
    x.grad = w.grad = None
    torch.autograd.backward((x * w).sum(), inputs=[w])
    return answer, w.grad, torch.is_grad_enabled()


@pytest.mark.parametrize("name", BACKWARD)
def test_backward(torch, refused, name):
    return refusal(torch, refused, BACKWARD[name])


@pytest.mark.parametrize("name", FLAGS)
def test_flag(torch, refused, name):
    return refusal(torch, refused, FLAGS[name])


@pytest.mark.parametrize("name", READING)
def test_reading(torch, refused, name):
    return refusal(torch, refused, READING[name])


@pytest.mark.parametrize("name", SHAPES)
def test_shape(torch, refused, name):
    return refusal(torch, refused, SHAPES[name])


@pytest.mark.parametrize("name", DIMENSIONS)
def test_dimension(torch, refused, name):
    return refusal(torch, refused, DIMENSIONS[name])


@pytest.mark.parametrize("name", INDICES)
def test_index(torch, refused, name):
    return refusal(torch, refused, INDICES[name])


@pytest.mark.parametrize("name", DTYPES)
def test_dtype(torch, refused, name):
    return refusal(torch, refused, DTYPES[name])


@pytest.mark.parametrize("name", ARGUMENTS)
def test_argument(torch, refused, name):
    return refusal(torch, refused, ARGUMENTS[name])


@pytest.mark.parametrize(
    "call",
    [
        "F.huber_loss(x, x * 2, delta=t)", "F.smooth_l1_loss(x, x * 2, beta=t)", "F.pairwise_distance(x, x * 2, t)",
        "x.norm(t)", "torch.linalg.vector_norm(x, t)", "torch.cdist(x[None], x[None], t)", "torch.dist(x, x * 2, t)",
        "F.scaled_dot_product_attention(q, q, q, scale=t)", "F.cross_entropy(x[None], torch.tensor([0]), x)",
        "F.nll_loss(x[None], torch.tensor([0]), weight=x)",
    ],
)  # fmt: skip
def test_a_tensor_that_requires_grad_is_no_number(torch, refused, call):
    t = torch.tensor(0.5, requires_grad=True)
    x = torch.ones(3, requires_grad=True)
    known = {"torch": torch, "F": torch.nn.functional, "t": t, "x": x, "q": torch.ones(1, 2, 2)}
    return refused(lambda: eval(call, known), t, x)


def test_numbers_of_tensors_that_require_grad(torch):
    t = torch.tensor(0.5, requires_grad=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(t), complex(t), t.item(), f"{t:.2f}", round(float(t), 1)
