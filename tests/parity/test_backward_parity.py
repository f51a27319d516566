"""`backward` and accumulation: which tensor receives which gradient, and when."""


def test_scalar_chain(torch):
    x = torch.tensor(3.0, requires_grad=True)
    y = x**2
    z = y + 5 * x
    z.backward()
    return z, x.grad


def test_the_gradient_is_a_leaf_that_does_not_require_grad(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    (x * x).sum().backward()
    return x.grad.is_leaf, x.grad.requires_grad, x.grad.grad_fn is None, x.grad.dtype


def test_backward_returns_none(torch):
    x = torch.tensor(3.0, requires_grad=True)
    return [(x * x).backward()]


def test_gradients_accumulate_over_passes(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    seen = []
    for k in range(3):
        (x * (k + 1)).sum().backward()
        seen.append(x.grad.tolist())
    return seen


def test_accumulation_happens_in_the_same_tensor(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    (x * 2).sum().backward()
    kept = x.grad
    (x * 3).sum().backward()
    return kept is x.grad, kept


def test_accumulation_with_a_graph_makes_a_new_tensor(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    (x**3).sum().backward(create_graph=True)
    first = x.grad
    (x**3).sum().backward(create_graph=True)
    return first is x.grad, first.detach(), x.grad.detach(), x.grad.requires_grad


def test_a_grad_set_by_hand_is_added_to(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    x.grad = torch.tensor([10.0, 20.0])
    (x * 2).sum().backward()
    return x.grad


def test_the_same_tensor_many_times(torch):
    x = torch.tensor([1.5, -2.0], requires_grad=True)
    y = x * x + x * x * x + x + x - x
    y.sum().backward()
    return y, x.grad


def test_diamond(torch):
    x = torch.tensor(0.7, requires_grad=True)
    a, b = x.sin(), x.cos()
    (a * b + a / b).backward()
    return x.grad


def test_a_gradient_shared_by_two_leaves_is_not_shared_memory(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = torch.tensor([3.0, 4.0], requires_grad=True)
    (x + y).sum().backward()
    x.grad.mul_(10)
    return x.grad, y.grad


def test_the_given_gradient_is_not_the_gradient_itself(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    given = torch.tensor([5.0, 6.0])
    (x + 0).backward(given)
    x.grad.add_(1)
    return given, x.grad


def test_backward_of_a_leaf(torch):
    x = torch.tensor(3.0, requires_grad=True)
    x.backward()
    x.backward(torch.tensor(4.0))
    return x.grad


def test_backward_of_one_element_in_any_shape(torch):
    x = torch.tensor([[3.0]], requires_grad=True)
    (x * x).backward()
    return x.grad


def test_backward_of_a_non_scalar(torch):
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    (x**2).backward(torch.tensor([[1.0, 0.5], [0.0, -1.0]]))
    return x.grad


def test_backward_with_gradient_by_name(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    (x**2).backward(gradient=torch.ones(2))
    return x.grad


def test_backward_of_a_scalar_with_a_gradient(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    (x**2).sum().backward(torch.tensor(3.0))
    return x.grad


def test_backward_with_inputs(torch):
    x = torch.tensor(2.0, requires_grad=True)
    y = torch.tensor(3.0, requires_grad=True)
    (x * y).backward(inputs=[x])
    return x.grad, y.grad


def test_backward_with_one_input_outside_of_a_list(torch):
    x = torch.tensor(2.0, requires_grad=True)
    y = torch.tensor(3.0, requires_grad=True)
    (x * y).backward(inputs=y)
    return x.grad, y.grad


def test_backward_with_an_input_that_is_not_a_leaf(torch):
    x = torch.tensor(2.0, requires_grad=True)
    h = x * 3
    (h * h).backward(inputs=[h])
    return x.grad, h.grad


def test_backward_twice_with_retain_graph(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = (x.exp() * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    return x.grad


def test_backward_twice_of_a_graph_that_saves_nothing(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = (x + 1).sum()
    y.backward()
    y.backward()
    return x.grad


def test_two_losses_share_a_part(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    h = x * 2
    h.sum().backward(retain_graph=True)
    (h * h).sum().backward()
    return x.grad


def test_two_losses_share_a_part_whose_buffers_are_needed(torch, refused):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    h = x.exp()
    h.sum().backward()
    first = x.grad.clone()
    return first, refused(lambda: (h * h).sum().backward(), x)


def test_create_graph_allows_a_second_derivative(torch):
    x = torch.tensor(2.0, requires_grad=True)
    (x**4).backward(create_graph=True)
    first = x.grad
    x.grad = None
    first.backward()
    return first.detach(), x.grad


def test_create_graph_implies_retain_graph(torch):
    x = torch.tensor(2.0, requires_grad=True)
    y = x**4
    y.backward(create_graph=True)
    y.backward(retain_graph=True)
    return x.grad.detach()


def test_gradient_that_requires_grad_itself(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    v = torch.tensor([3.0, 4.0], requires_grad=True)
    (g,) = torch.autograd.grad(x * x, x, v, create_graph=True)
    g.sum().backward()
    return g, v.grad, x.grad


def test_autograd_backward_of_several_tensors(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = torch.tensor([3.0, 4.0], requires_grad=True)
    torch.autograd.backward([x * y, (x + y).sum()], [torch.tensor([1.0, 10.0]), None])
    return x.grad, y.grad


def test_autograd_backward_of_one_tensor(torch):
    x = torch.tensor(2.0, requires_grad=True)
    torch.autograd.backward(x * x)
    return x.grad


def test_autograd_backward_with_inputs(torch):
    x = torch.tensor(2.0, requires_grad=True)
    y = torch.tensor(3.0, requires_grad=True)
    torch.autograd.backward([x * y], inputs=[y], retain_graph=True)
    return x.grad, y.grad


def test_unreached_leaf_has_no_gradient(torch):
    x = torch.tensor(2.0, requires_grad=True)
    y = torch.tensor(3.0, requires_grad=True)
    (x * 2).backward()
    return x.grad, y.grad


def test_zero_gradient_is_zeros_and_not_none(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    (x * 0).sum().backward()
    return x.grad


def test_gradient_of_an_expanded_leaf_is_contiguous(torch):
    x = torch.tensor([[1.0], [2.0]], requires_grad=True)
    x.expand(2, 3).sum().backward()
    return x.grad, x.grad.is_contiguous(), x.grad.stride()


def test_gradient_of_a_sum_is_writable(torch):
    x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    x.sum().backward()
    x.grad[1] = 7.0
    return x.grad


def test_long_chain(torch):
    x = torch.tensor(1.0, requires_grad=True)
    y = x
    for _ in range(3000):
        y = y * 1.0001
    y.backward()
    return x.grad


def test_python_control_flow(torch):
    x = torch.tensor(0.7, requires_grad=True)
    y = x
    while y.item() < 20:
        y = y * 2 if y > 3 else y + x
    y.backward()
    return y, x.grad


def test_sum_builtin_over_tensors(torch):
    parts = [torch.tensor(float(k), requires_grad=True) for k in range(4)]
    sum(part * part for part in parts).backward()
    return [part.grad for part in parts]


def test_complex_modulus(torch):
    z = torch.tensor([1.0 + 2.0j, -0.5 + 0.25j], requires_grad=True)
    (z.abs() ** 2).sum().backward()
    return z.grad


def test_complex_product_uses_conjugate_gradients(torch):
    z = torch.tensor([1.0 + 2.0j, -0.5 + 0.25j], requires_grad=True)
    w = torch.tensor([0.5 - 1.0j, 2.0 + 1.0j], requires_grad=True)
    (z * w).backward(torch.tensor([1.0 + 1.0j, 2.0 - 1.0j]))
    return z.grad, w.grad


def test_real_operand_of_a_complex_product_gets_a_real_gradient(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    z = torch.tensor([0.5 - 1.0j, 2.0 + 1.0j])
    (x * z).backward(torch.tensor([1.0 + 1.0j, 2.0 - 1.0j]))
    return x.grad
