"""The dtype of every result: all pairs of dtypes, as arrays, 0-d tensors and Python numbers."""

import itertools

import pytest

DTYPES = [
    "bool",
    "uint8",
    "int8",
    "int16",
    "int32",
    "int64",
    "float16",
    "float32",
    "float64",
    "complex64",
    "complex128",
]
NUMBERS = {"bool": True, "int": 2, "float": 2.0, "complex": 2.0 + 1.0j}
OPERATIONS = {
    "add": "left + right",
    "sub": "left - right",
    "mul": "left * right",
    "div": "left / right",
    "pow": "left ** right",
    "eq": "left == right",
    "lt": "left < right",
    "where": "torch.where(mask, left, right)",
    "maximum": "torch.maximum(left, right)",
    "floordiv": "left // right",
    "mod": "left % right",
    "cat": "torch.cat([left.reshape(-1), right.reshape(-1)])",
    "stack": "torch.stack([left.reshape(-1), right.reshape(-1)])",
}
BETWEEN_TENSORS = {"maximum", "cat", "stack"}
ADDITIONS_IN_PLACE = {
    "add_": "left.add_(right)",
    "mul_": "left.mul_(right)",
    "div_": "left.div_(right)",
    "copy_": "left.copy_(right)",
    "setitem": "left.__setitem__(..., right)",
    "iadd": "left.__iadd__(right)",
}
UNARY = {
    "neg": "-left",
    "abs": "abs(left)",
    "exp": "left.exp()",
    "log": "left.log()",
    "sqrt": "left.sqrt()",
    "sin": "left.sin()",
    "cos": "left.cos()",
    "tanh": "left.tanh()",
    "sigmoid": "left.sigmoid()",
    "relu": "left.relu()",
    "invert": "~left",
    "sum": "left.sum()",
    "sum(0)": "left.sum(0)",
    "sum(dtype)": "left.sum(dtype=torch.float64)",
    "mean": "left.mean()",
    "mean(dtype)": "left.mean(dtype=torch.float64)",
    "prod": "left.prod()",
    "prod(0)": "left.prod(0)",
    "max": "left.max()",
    "max(0)": "left.max(0)",
    "amax": "left.amax()",
    "min": "left.min()",
    "any": "left.any()",
    "all": "left.all()",
    "softmax": "left.softmax(0)",
    "softmax(dtype)": "torch.softmax(left, 0, dtype=torch.float64)",
    "log_softmax": "left.log_softmax(0)",
    "logsumexp": "left.logsumexp(0)",
    "clone": "left.clone()",
    "zeros_like": "torch.zeros_like(left)",
    "matmul": "left @ left",
    "dot": "torch.dot(left, left)",
    "isnan": "left.isnan()",
}


def without_a_common_dtype(one, other):
    """Whether PyTorch would answer complex32, which NumPy lacks; Wengert answers complex64."""
    return "float16" in (one, other) and ("complex" in one or "complex" in other)


def tensor_of(torch, name, shape):
    return torch.ones(shape, dtype=getattr(torch, name))


def dtype_of(call):
    """The dtype that a call gives, or the exception that it raises."""
    try:
        result = call()
    except Exception as error:
        return error
    if isinstance(result, tuple):
        return [str(part.dtype) for part in result]
    return str(result.dtype)


def evaluator(torch, text, left, right=None):
    names = {"left": left, "right": right, "mask": torch.tensor([True, False])}
    return lambda: eval(text, {"torch": torch}, names)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_between_tensors(torch, operation, dtype):
    found = {}
    for other, shapes in itertools.product(
        DTYPES, [((2,), (2,)), ((2,), ()), ((), (2,)), ((), ())]
    ):
        if without_a_common_dtype(dtype, other):
            continue
        left, right = tensor_of(torch, dtype, shapes[0]), tensor_of(torch, other, shapes[1])
        kind = f"{len(shapes[0])}-d with {other} {len(shapes[1])}-d"
        found[kind] = dtype_of(evaluator(torch, OPERATIONS[operation], left, right))
    return found


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("operation", [name for name in OPERATIONS if name not in BETWEEN_TENSORS])
def test_with_python_numbers(torch, operation, dtype):
    found = {}
    for (name, number), shape in itertools.product(NUMBERS.items(), [(2,), ()]):
        if without_a_common_dtype(dtype, name):
            continue
        tensor = tensor_of(torch, dtype, shape)
        text = OPERATIONS[operation]
        found[f"{len(shape)}-d, {name}"] = dtype_of(evaluator(torch, text, tensor, number))
        found[f"{name}, {len(shape)}-d"] = dtype_of(evaluator(torch, text, number, tensor))
    return found


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("operation", ADDITIONS_IN_PLACE)
def test_in_place_keeps_the_dtype_or_refuses(torch, operation, dtype):
    found = {}
    for other, shape in itertools.product(DTYPES, [(2,), ()]):
        if without_a_common_dtype(dtype, other):
            continue
        left, right = tensor_of(torch, dtype, (2,)), tensor_of(torch, other, shape)
        call = evaluator(torch, ADDITIONS_IN_PLACE[operation], left, right)
        found[f"{other} {len(shape)}-d"] = refusal_or_dtype(call, left)
    for name, number in NUMBERS.items():
        if without_a_common_dtype(dtype, name):
            continue
        left = tensor_of(torch, dtype, (2,))
        call = evaluator(torch, ADDITIONS_IN_PLACE[operation], left, number)
        found[f"number {name}"] = refusal_or_dtype(call, left)
    return found


def refusal_or_dtype(call, left):
    """How an in-place call fails, or the dtype that its operand has afterwards."""
    try:
        call()
    except Exception as error:
        return error
    return str(left.dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_of_one_tensor(torch, dtype):
    left = tensor_of(torch, dtype, (2,))
    return {name: dtype_of(evaluator(torch, text, left)) for name, text in UNARY.items()}


@pytest.mark.parametrize("dtype", DTYPES)
def test_product_of_two_dtypes_is_refused_or_promoted(torch, dtype):
    left = tensor_of(torch, dtype, (2,))
    found = {}
    for other in DTYPES:
        if without_a_common_dtype(dtype, other):
            continue
        right = tensor_of(torch, other, (2,))
        found[other] = dtype_of(lambda right=right: left @ right)
    return found


@pytest.mark.parametrize("left", DTYPES)
def test_rules_that_a_program_can_ask_for(torch, left):
    answers = {}
    for right in DTYPES:
        if without_a_common_dtype(left, right):
            continue
        one, other = getattr(torch, left), getattr(torch, right)
        answers[right] = torch.promote_types(one, other), torch.can_cast(one, other)
    return answers


@pytest.mark.parametrize(
    "expression",
    [
        "i + 1.5",
        "i * True",
        "f + d0",
        "d0 + f",
        "f * i",
        "f / i",
        "i / i",
        "i / 2",
        "i**2",
        "i**2.0",
        "2**i",
        "2.0**i",
        "b + b",
        "b * b",
        "b + 1",
        "b * 1.5",
        "u + i0",
        "u * -1",
        "u - 3",
        "h + 70000.0",
        "f + 1e300",
        "i0 * f",
        "f * d",
        "torch.where(b, f, d)",
        "torch.where(b, i, 1.5)",
        "torch.where(b, 1, 2)",
        "torch.where(b, 1.0, 2)",
        "i // 2",
        "-i // 2",
        "i % 2",
        "-i % 2",
        "f // 0.5",
        "-f % 1.0",
        "i == 2.0",
        "f > i",
        "~b",
        "b & b",
        "b | ~b",
        "i & 1",
        "i ^ 3",
        "b.sum()",
        "i.sum()",
        "u.sum()",
        "i.float().mean()",
        "i.prod()",
        "i.max()",
        "b.max()",
        "torch.result_type(f, d0)",
        "torch.result_type(i, 1.0)",
    ],
)
def test_values_of_mixed_operands(torch, expression):
    operands = {
        "b": torch.tensor([True, False, True]),
        "u": torch.tensor([1, 2, 3], dtype=torch.uint8),
        "i": torch.tensor([1, 2, 3]),
        "i0": torch.tensor(300),
        "h": torch.tensor([1.0, 2.0, 3.0], dtype=torch.float16),
        "f": torch.tensor([0.5, 1.5, 2.5]),
        "d": torch.tensor([0.1, 0.2, 0.3], dtype=torch.float64),
        "d0": torch.tensor(0.1, dtype=torch.float64),
    }
    return eval(expression, {"torch": torch}, operands)


def test_mixed_program_gives_each_leaf_a_gradient_of_its_dtype(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    k = torch.tensor([3.0, 4.0], dtype=torch.float64, requires_grad=True)
    s = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
    out = (x * k + x * s + 3 * x).sum()
    out.backward()
    return out, x.grad, k.grad, s.grad
