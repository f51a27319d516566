"""Hooks: on tensors, on nodes, after accumulation, and on saved tensors."""


def test_tensor_hook_sees_the_gradient(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    seen = []
    x.register_hook(lambda g: seen.append(g.tolist()))
    (x * x).sum().backward()
    return seen, x.grad


def test_tensor_hook_replaces_the_gradient(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    x.register_hook(lambda g: g * 10)
    (x * x).sum().backward()
    return x.grad


def test_tensor_hook_on_an_inner_tensor(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    h = x * 3
    h.register_hook(lambda g: g + 100)
    h.retain_grad()
    (h * h).sum().backward()
    return h.grad, x.grad


def test_retain_grad_before_the_hook_still_sees_its_result(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    h = x * 3
    h.retain_grad()
    h.register_hook(lambda g: g * 2)
    h.sum().backward()
    return h.grad, x.grad


def test_tensor_hooks_run_in_order(torch):
    x = torch.tensor(1.0, requires_grad=True)
    order = []

    def first(g):
        order.append(("first", g.item()))
        return g + 1

    def second(g):
        order.append(("second", g.item()))
        return g * 10

    x.register_hook(first)
    x.register_hook(second)
    (x * 5).backward()
    return order, x.grad


def test_hook_runs_once_on_the_summed_gradient(torch):
    x = torch.tensor(2.0, requires_grad=True)
    h = x * 3
    seen = []
    h.register_hook(lambda g: seen.append(g.item()))
    (h * h + h.exp() + h).backward()
    return seen, x.grad


def test_leaf_hook_does_not_see_what_was_accumulated(torch):
    x = torch.tensor(2.0, requires_grad=True)
    seen = []
    x.register_hook(lambda g: seen.append(g.item()))
    for _ in range(3):
        (x * 4).backward()
    return seen, x.grad


def test_hook_can_be_removed(torch):
    x = torch.tensor(2.0, requires_grad=True)
    handle = x.register_hook(lambda g: g * 10)
    x.register_hook(lambda g: g + 1)
    handle.remove()
    handle.remove()
    (x * 4).backward()
    return x.grad


def test_hook_handle_is_a_context_manager(torch):
    x = torch.tensor(2.0, requires_grad=True)
    with x.register_hook(lambda g: g * 10):
        (x * 4).backward()
    first = x.grad.clone()
    x.grad = None
    (x * 4).backward()
    return first, x.grad


def test_hook_under_create_graph_is_differentiated(torch):
    x = torch.tensor(2.0, requires_grad=True)
    x.register_hook(lambda g: g * g)
    (g,) = torch.autograd.grad(x**3, x, create_graph=True)
    return g, torch.autograd.grad(g, x)


def test_hook_with_grad(torch):
    x = torch.tensor(2.0, requires_grad=True)
    h = x * x
    h.register_hook(lambda g: g * 7)
    return torch.autograd.grad(h * 2, [h, x])


def test_hook_of_a_leaf_outside_of_inputs_does_not_run(torch):
    x = torch.tensor(2.0, requires_grad=True)
    w = torch.tensor(3.0, requires_grad=True)
    seen = []
    x.register_hook(lambda g: seen.append("x"))
    w.register_hook(lambda g: seen.append("w"))
    (x * w).backward(inputs=[w])
    torch.autograd.grad(x * w, w)
    return seen, x.grad, w.grad


def test_hook_of_an_inner_tensor_on_the_way_to_inputs_runs(torch):
    x = torch.tensor(2.0, requires_grad=True)
    w = torch.tensor(3.0, requires_grad=True)
    on_the_way, beside = x * 2, w * 2
    seen = []
    on_the_way.register_hook(lambda g: seen.append("on the way"))
    beside.register_hook(lambda g: seen.append("beside"))
    (on_the_way * beside).backward(inputs=[x])
    return seen, x.grad, w.grad


def test_hook_clips(torch):
    w = torch.tensor([1.0, -5.0, 30.0], requires_grad=True)
    w.register_hook(lambda g: torch.where(g > 1.0, torch.ones_like(g), g))
    (w * w).sum().backward()
    return w.grad


def test_hook_on_a_tensor_that_does_not_require_grad(torch, refused):
    x = torch.tensor(2.0)
    return refused(lambda: x.register_hook(lambda g: g), x)


def test_hook_on_each_part_of_a_split(torch):
    x = torch.tensor([1.0, 2.0, 3.0, 4.0], requires_grad=True)
    a, b = x.split(2)
    a.register_hook(lambda g: g * 10)
    b.register_hook(lambda g: g * 100)
    (a * b).sum().backward()
    return x.grad


def test_hook_after_an_in_place_write(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    h = x * 3
    seen = []
    h.register_hook(lambda g: seen.append(("before", g.tolist())))
    h.mul_(2)
    h.register_hook(lambda g: seen.append(("after", g.tolist())))
    h.sum().backward()
    return seen, x.grad


def test_hook_that_raises(torch, caught):
    x = torch.tensor([1.0, 2.0], requires_grad=True)

    def refuse(g):
        raise KeyError("no")

    h = x * 2
    handle = h.register_hook(refuse)
    loss = h.sum()
    answer = caught(lambda: loss.backward(retain_graph=True))
    empty = x.grad
    handle.remove()
    loss.backward()
    return answer, empty, x.grad


def test_node_hook_sees_both_sides(torch):
    x = torch.tensor(2.0, requires_grad=True)
    y = x * 3
    seen = []

    def look(grad_inputs, grad_outputs):
        seen.append([[None if g is None else g.item() for g in grad_inputs], len(grad_outputs)])
        seen.append(grad_outputs[0].item())

    y.grad_fn.register_hook(look)
    (y * 5).backward()
    return seen, x.grad


def test_node_hook_replaces_what_goes_on(torch):
    x = torch.tensor(2.0, requires_grad=True)
    y = torch.tensor(4.0, requires_grad=True)
    z = x * y
    z.grad_fn.register_hook(lambda gi, go: (gi[0] * 10, gi[1] * 100))
    z.backward()
    return x.grad, y.grad


def test_node_prehook_replaces_what_arrives(torch):
    x = torch.tensor(2.0, requires_grad=True)
    y = x * 3
    y.grad_fn.register_prehook(lambda go: (go[0] * 10,))
    y.backward()
    return x.grad


def test_node_hooks_in_order_and_removed(torch):
    x = torch.tensor(2.0, requires_grad=True)
    y = x * 3
    order = []
    y.grad_fn.register_prehook(lambda go: order.append("pre"))
    handle = y.grad_fn.register_hook(lambda gi, go: order.append("removed"))
    y.grad_fn.register_hook(lambda gi, go: order.append("post one"))
    y.grad_fn.register_hook(lambda gi, go: order.append("post two"))
    y.register_hook(lambda g: order.append("tensor"))
    handle.remove()
    y.backward()
    return order


def test_accumulate_node_hook(torch):
    x = torch.tensor(2.0, requires_grad=True)
    node = (x * 1).grad_fn.next_functions[0][0]
    seen = []
    node.register_prehook(lambda go: seen.append(("pre", go[0].item(), x.grad)))
    node.register_hook(lambda gi, go: seen.append(("post", x.grad.item())))
    (x * 5).backward()
    return seen


def test_post_accumulate_grad_hook(torch):
    x = torch.tensor(2.0, requires_grad=True)
    seen = []
    x.register_post_accumulate_grad_hook(lambda t: seen.append((t is x, t.grad.item())))
    (x * 5).backward()
    (x * 5).backward()
    return seen


def test_post_accumulate_grad_hook_as_an_optimizer(torch):
    x = torch.tensor([2.0, 3.0], requires_grad=True)

    def step(parameter):
        with torch.no_grad():
            parameter -= 0.1 * parameter.grad
        parameter.grad = None

    handle = x.register_post_accumulate_grad_hook(step)
    (x * x).sum().backward()
    (x * x).sum().backward()
    handle.remove()
    (x * x).sum().backward()
    return x, x.grad


def test_post_accumulate_grad_hook_is_not_run_by_grad(torch):
    x = torch.tensor(2.0, requires_grad=True)
    seen = []
    x.register_post_accumulate_grad_hook(lambda t: seen.append("run"))
    torch.autograd.grad(x * x, x)
    return seen, x.grad


def test_post_accumulate_grad_hook_on_an_inner_tensor(torch, refused):
    x = torch.tensor(2.0, requires_grad=True)
    y = x * 3
    return refused(lambda: y.register_post_accumulate_grad_hook(lambda t: None), x, y)


def test_saved_tensors_hooks_pack_and_unpack(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    packed, unpacked = [], []

    def pack(tensor):
        packed.append(tensor.tolist())
        return [tensor.tolist()]

    def unpack(kept):
        unpacked.append(kept[0])
        return torch.tensor(kept[0])

    with torch.autograd.graph.saved_tensors_hooks(pack, unpack):
        y = x.exp()
    y.sum().backward()
    return len(packed), len(unpacked), x.grad


def test_saved_tensors_hooks_may_change_the_value(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: t * 10):
        y = x * x
    y.sum().backward()
    return y, x.grad


def test_saved_tensors_hooks_hold_for_functions_too(torch):
    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, ct):
            (x,) = ctx.saved_tensors
            return 2 * x * ct

    x = torch.tensor([1.0, 2.0], requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t.tolist(), torch.tensor):
        y = Square.apply(x)
    y.sum().backward()
    return x.grad


def test_saved_tensors_hooks_nest_with_the_inner_one_in_force(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    hooks = torch.autograd.graph.saved_tensors_hooks
    with hooks(lambda t: t, lambda t: t * 10):
        with hooks(lambda t: t, lambda t: t * 100):
            y = x.exp()
        z = x.exp()
    (y + z).sum().backward()
    return x.grad


def test_saved_tensors_hooks_do_not_act_without_recording(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    count = []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: count.append(1) or t, lambda t: t):
        with torch.no_grad():
            x.exp()
        torch.ones(2).exp()
    return [len(count)]


def test_save_on_cpu(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    with torch.autograd.graph.save_on_cpu():
        y = (x.exp() * x).sum()
    y.backward()
    return x.grad


def test_disable_saved_tensors_hooks(torch, caught):
    with torch.autograd.graph.disable_saved_tensors_hooks("not here"):
        hooks = torch.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: t)
        return caught(lambda: hooks.__enter__())


def test_multi_grad_hook(torch):
    x = torch.tensor(2.0, requires_grad=True)
    y = torch.tensor(3.0, requires_grad=True)
    seen = []
    torch.autograd.graph.register_multi_grad_hook(
        [x, y], lambda grads: seen.append([None if g is None else g.item() for g in grads])
    )
    (x * y).backward()
    return seen


def test_hook_on_a_base_between_two_writes_through_a_view(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    a = x * 1
    v = a.view(-1)
    v.mul_(2)
    a.register_hook(lambda g: g * 10)
    v.mul_(3)
    a.sum().backward()
    return x.grad


def test_hooks_on_the_nodes_of_a_base_between_writes(torch):
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    a = x * 1
    seen = []

    def tenfold(given, sent):
        seen.append(sent)
        return tuple(g if g is None else g * 10 for g in given)

    a.grad_fn.register_hook(tenfold)
    v = a[0]
    v.mul_(2)
    w = a.t()[1]
    w.add_(v.detach().clone())
    a.grad_fn.register_prehook(lambda sent: (sent[0] + 1,))
    w.mul_(3)
    v.exp_()
    (a * a).sum().backward()
    return seen, x.grad


def test_what_a_written_base_retains(torch):
    x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    a = x * 1
    a.retain_grad()
    v = a[1:]
    v.mul_(2)
    v[1:].mul_(a[:1].detach().clone())
    (a * a).sum().backward()
    return a.grad, x.grad


def test_a_written_base_is_named_for_the_write(torch):
    x = torch.ones(2, 3, requires_grad=True)
    names = []
    for view in (
        lambda a: a[0],
        lambda a: a.t(),
        lambda a: a.view(-1)[2:],
        lambda a: a.t()[1],
        lambda a: a.diagonal(),
        lambda a: a[:, 1:].unfold(0, 1, 1),
        lambda a: a.unsqueeze(0),
    ):
        a = x * 2
        v = view(a)
        v.mul_(a.detach().sum())
        names.append((str(a)[-24:], v.grad_fn.name()))
    return names
