"""skorch: networks as scikit-learn's estimators, with callbacks, searches and pipelines."""

PACKAGE = "skorch"
NUMBERS = "single"


def network(torch, outputs=2, last=None, inputs=4):
    """A class of networks, as skorch wants one: with the width as an argument, and a dropout to be seen."""
    nn = torch.nn

    class Net(nn.Module):
        def __init__(self, width=8, dropout=0.0):
            super().__init__()
            self.hidden = nn.Linear(inputs, width)
            self.dropout = nn.Dropout(dropout)
            self.out = nn.Linear(width, outputs)

        def forward(self, x):
            made = self.out(self.dropout(torch.relu(self.hidden(x))))
            return made if last is None else last(made)

    return Net


def points(torch, classes=2):
    """Numbers and the classes they belong to, the same everywhere."""
    import numpy as np

    x = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)
    y = (x[:, 0] * 2 - x[:, 1] + x[:, 2] * x[:, 3] > 0).astype(np.int64)
    return x, y + (x[:, 3] > 1) if classes == 3 else y


def lines(net, *more):
    """What a history tells of each epoch, without the times."""
    names = "epoch", "train_loss", "valid_loss", *more
    return [[float(row[name]) for name in names if name in row] for row in net.history]


def weights(net):
    return dict(net.module_.state_dict())


def case_classifier(torch):
    from skorch import NeuralNetClassifier

    x, y = points(torch, 3)
    net = NeuralNetClassifier(
        network(torch, 3), criterion=torch.nn.CrossEntropyLoss, max_epochs=4, lr=0.1, batch_size=16,
        iterator_train__shuffle=True, optimizer__momentum=0.9, verbose=0,
    )  # fmt: skip
    net.fit(x, y)
    return {
        "history": lines(net, "valid_acc"),
        "weights": weights(net),
        "predictions": net.predict(x).tolist(),
        "probabilities": net.predict_proba(x[:5]),
        "score": float(net.score(x, y)),
        "forward": net.forward(x[:3]),
        "classes": net.classes_.tolist(),
    }


def case_probabilities_and_their_logarithm(torch):
    from skorch import NeuralNetClassifier

    x, y = points(torch)
    net = NeuralNetClassifier(
        network(torch, 2, lambda z: torch.softmax(z, -1)), max_epochs=3, lr=0.05, optimizer=torch.optim.Adam,
        module__width=5, module__dropout=0.3, train_split=None, verbose=0,
    )  # fmt: skip
    net.fit(x, y)
    net.partial_fit(x, y)
    return lines(net), weights(net), net.predict_proba(x[:5])


def case_binary_classifier(torch):
    from skorch import NeuralNetBinaryClassifier

    x, y = points(torch)
    net = NeuralNetBinaryClassifier(
        network(torch, 1, lambda z: z.squeeze(-1)), max_epochs=3, lr=0.1, verbose=0
    )
    net.fit(x, y.astype(x.dtype))
    return lines(net, "valid_acc"), net.predict_proba(x[:4]), net.predict(x).tolist()


def case_regressor(torch):
    from skorch import NeuralNetRegressor

    x, _ = points(torch)
    y = x[:, :1] * x[:, 1:2]
    net = NeuralNetRegressor(
        network(torch, 1), max_epochs=5, lr=0.01, optimizer=torch.optim.AdamW, optimizer__weight_decay=0.1,
        batch_size=-1, verbose=0,
    )  # fmt: skip
    net.fit(x, y)
    return lines(net), weights(net), net.predict(x[:5]), float(net.score(x, y))


def case_callbacks(torch):
    from skorch import NeuralNetClassifier, callbacks

    x, y = points(torch)
    printed, seen = [], []

    class Watching(callbacks.Callback):
        def on_grad_computed(self, net, named_parameters, **more):
            seen.append(
                float(sum(p.grad.norm() for _, p in named_parameters if p.grad is not None))
            )

    net = NeuralNetClassifier(
        network(torch), criterion=torch.nn.CrossEntropyLoss, max_epochs=30, lr=0.5, batch_size=20,
        callbacks=[
            ("auc", callbacks.EpochScoring("roc_auc", lower_is_better=False)),
            ("stop", callbacks.EarlyStopping(patience=3, sink=printed.append)),
            ("rates", callbacks.LRScheduler("StepLR", step_size=2, gamma=0.5)),
            ("clip", callbacks.GradientNormClipping(0.2)),
            ("freeze", callbacks.Freezer("hidden.bias")),
            ("start", callbacks.Initializer("out.*", fn=lambda w: torch.nn.init.constant_(w, 0.1))),
            ("watch", Watching()),
            ("log", callbacks.PrintLog(sink=lambda line: None)),
        ],
    )  # fmt: skip
    net.fit(x, y)
    return lines(net, "valid_acc", "auc", "event_lr"), weights(net), seen, printed


def case_schedules(torch):
    from skorch import NeuralNetRegressor
    from skorch.callbacks import LRScheduler, WarmRestartLR

    x, _ = points(torch)
    schedules = [
        {"policy": "ExponentialLR", "gamma": 0.8},
        {"policy": "ReduceLROnPlateau", "patience": 0, "monitor": "train_loss"},
        {"policy": "CosineAnnealingLR", "T_max": 3},
        {"policy": "CyclicLR", "base_lr": 0.01, "max_lr": 0.1, "step_every": "batch"},
        {"policy": WarmRestartLR},
    ]
    found = []
    for options in schedules:
        torch.manual_seed(1)
        net = NeuralNetRegressor(
            network(torch, 1),
            max_epochs=4,
            callbacks=[("rates", LRScheduler(**options))],
            verbose=0,
        )
        net.fit(x, x[:, :1])
        found.append([lines(net), net.optimizer_.param_groups[0]["lr"]])
    return found


def case_a_search_in_a_pipeline(torch):
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler
    from skorch import NeuralNetClassifier

    x, y = points(torch)
    net = NeuralNetClassifier(
        network(torch),
        criterion=torch.nn.CrossEntropyLoss,
        max_epochs=3,
        train_split=None,
        verbose=0,
    )
    pipe = Pipeline([("scale", StandardScaler()), ("net", net)])
    search = GridSearchCV(
        pipe, {"net__lr": [0.01, 0.3], "net__module__width": [3, 6]}, cv=3, scoring="accuracy"
    )
    search.fit(x, y)
    return (
        search.best_params_,
        search.cv_results_["mean_test_score"].tolist(),
        search.predict(x).tolist(),
    )


def case_datasets_and_tensors(torch):
    from skorch import NeuralNetClassifier
    from skorch.dataset import Dataset
    from skorch.helper import SliceDataset, predefined_split

    x, y = points(torch)
    rows = torch.utils.data.TensorDataset(torch.from_numpy(x), torch.from_numpy(y))
    torch.manual_seed(2)
    net = NeuralNetClassifier(
        network(torch), criterion=torch.nn.CrossEntropyLoss, max_epochs=2, verbose=0,
        train_split=predefined_split(Dataset(x[:20], y[:20])),
    )  # fmt: skip
    net.fit(rows, y=None)
    part = SliceDataset(rows, idx=0)
    return (
        lines(net, "valid_acc"),
        len(part),
        net.predict(rows).tolist(),
        net.predict_proba(torch.from_numpy(x[:3])),
    )


def case_inputs_by_name(torch):
    from skorch import NeuralNetRegressor

    class Two(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.out = torch.nn.Linear(4, 1)

        def forward(self, left, right):
            return self.out(torch.cat([left, right], -1))

    x, _ = points(torch)
    net = NeuralNetRegressor(Two, max_epochs=3, lr=0.1, verbose=0)
    halves = {"left": x[:, :2], "right": x[:, 2:]}
    net.fit(halves, x.sum(1, keepdims=True))
    return lines(net), net.predict(halves)[:5]


def case_workers(torch):
    from skorch import NeuralNetRegressor

    x, _ = points(torch)
    net = NeuralNetRegressor(
        network(torch, 1),
        max_epochs=2,
        iterator_train__num_workers=1,
        iterator_train__shuffle=True,
        verbose=0,
    )
    net.fit(x, x[:, :1])
    return lines(net), weights(net)


def case_parameters_set_anew(torch):
    from sklearn.base import clone
    from skorch import NeuralNetRegressor

    x, _ = points(torch)
    net = NeuralNetRegressor(network(torch, 1), max_epochs=2, lr=0.1, verbose=0)
    net.fit(x, x[:, :1])
    torch.manual_seed(5)
    net.set_params(module__width=3, lr=0.01)
    net.fit(x, x[:, :1])
    copy = clone(net)
    copy.fit(x, x[:, :1])
    return lines(net), weights(net), lines(copy)


def case_saving(torch):
    import copy
    import pickle
    import tempfile
    from pathlib import Path

    from skorch import NeuralNetRegressor
    from skorch.callbacks import Checkpoint

    x, _ = points(torch)
    global Plain

    class Plain(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.out = torch.nn.Linear(4, 1)

        def forward(self, x):
            return self.out(x)

    with tempfile.TemporaryDirectory() as folder:
        at = Path(folder)
        net = NeuralNetRegressor(
            Plain,
            max_epochs=4,
            lr=0.1,
            optimizer=torch.optim.Adam,
            callbacks=[Checkpoint(dirname=folder)],
            verbose=0,
        )
        net.fit(x, x[:, :1])
        net.save_params(f_params=at / "p.pt", f_optimizer=at / "o.pt", f_history=at / "h.json")
        again = NeuralNetRegressor(Plain, optimizer=torch.optim.Adam, verbose=0).initialize()
        again.load_params(f_params=at / "p.pt", f_optimizer=at / "o.pt", f_history=at / "h.json")
        found = [weights(again), lines(again), again.optimizer_.state_dict()["state"]]
        best = NeuralNetRegressor(Plain, optimizer=torch.optim.Adam, verbose=0).initialize()
        best.load_params(checkpoint=Checkpoint(dirname=folder))
        found.append(weights(best))
    found += [copy.deepcopy(net).predict(x[:3]), pickle.loads(pickle.dumps(net)).predict(x[:3])]
    return found


def case_raised_for_a_net_that_is_not_fitted(torch):
    from skorch import NeuralNetClassifier

    return NeuralNetClassifier(network(torch)).predict(points(torch)[0])


def test_skorch_gives_pytorchs_numbers(agree):
    agree()
