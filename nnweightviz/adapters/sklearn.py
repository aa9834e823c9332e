"""Reads scikit-learn's multilayer perceptrons: their structure as a Network, their weights as arrays.

Not for its linear models and trees, which have no layers, and not imported unless scikit-learn is there already.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.neural_network import MLPClassifier, MLPRegressor

from nnweightviz.adapters.build import Build, Columns, Kernel
from nnweightviz.adapters.kinds import add_linear
from nnweightviz.network import Group, Network
from nnweightviz.words import counted, in_a_word

PERCEPTRONS = (MLPClassifier, MLPRegressor)
ACTIVATIONS = {"relu": "ReLU", "tanh": "Tanh", "logistic": "Sigmoid", "softmax": "Softmax"}
FITTED = ("best_estimator_", "regressor_", "estimator_")
"""Where searches and other wrappers keep the estimator that they fitted."""


def perceptron_of(estimator: Any) -> Any:
    """Return the MLPClassifier or MLPRegressor that an estimator is, or that is inside a pipeline or search.

    Raises
    ------
    TypeError
        If there is none, or more than one in a pipeline.
    """
    if isinstance(estimator, PERCEPTRONS):
        return estimator
    inner = next((getattr(estimator, name) for name in FITTED if hasattr(estimator, name)), None)
    if inner is not None:
        return perceptron_of(inner)
    steps = [step for _, step in getattr(estimator, "steps", ())]
    found = [step for step in steps if isinstance(step, PERCEPTRONS)]
    if len(found) != 1:
        told = f"a {type(estimator).__name__} of {counted(len(steps), 'step')}, {len(found) or 'none'} of them an MLP"
        raise TypeError(
            "nnweightviz draws scikit-learn's MLPClassifier and MLPRegressor, fitted, alone or as the one MLP of a "
            f"pipeline; got {told if steps else in_a_word(estimator)}. Pass the MLP itself."
        )
    return found[0]


def _fitted(estimator: Any) -> Any:
    mlp = perceptron_of(estimator)
    if not hasattr(mlp, "coefs_"):
        raise ValueError(
            f"this {type(mlp).__name__} is not fitted, and so has no weights yet: call its fit or partial_fit first"
        )
    return mlp


def as_state(estimator: Any) -> dict[str, NDArray[Any]]:
    """Return copies of the weights: ``coefs_[k]`` (n_in, n_out) and ``intercepts_[k]`` (n_out,), as scikit-learn has
    them.

    Raises
    ------
    TypeError, ValueError
        If there is no multilayer perceptron, or it is not fitted.
    """
    mlp = _fitted(estimator)
    state = {}
    for k, (weights, biases) in enumerate(zip(mlp.coefs_, mlp.intercepts_, strict=True)):
        state[f"coefs_[{k}]"] = np.array(weights, copy=True)
        state[f"intercepts_[{k}]"] = np.array(biases, copy=True)
    return state


def as_network(estimator: Any) -> tuple[Network, str]:
    """Return the Network of a fitted multilayer perceptron, and the id of its output group. Features and classes
    name the units.

    Raises
    ------
    TypeError, ValueError
        If there is no multilayer perceptron, or it is not fitted.
    """
    mlp = _fitted(estimator)
    shapes = {name: array.shape for name, array in as_state(mlp).items()}
    build, n_layers = Build(shapes), len(mlp.coefs_)
    build.layer("input", "Input")
    names = getattr(mlp, "feature_names_in_", None)
    group = build.group(
        Group("input", "input", mlp.n_features_in_, "input", "input", unit_names=_texts(names))
    )
    for k, weights in enumerate(mlp.coefs_):
        n_in, n_out = weights.shape
        is_last = k == n_layers - 1
        name = "output" if is_last else f"hidden {k + 1}"
        kernel = Kernel(f"coefs_[{k}]", n_out, row_stride=1, column_stride=n_out)
        group = add_linear(build, name, [Columns(group, n_in)], kernel, f"intercepts_[{k}]")
        activation = mlp.out_activation_ if is_last else mlp.activation
        if activation != "identity":
            build.activate(name, ACTIVATIONS.get(activation, activation))
    units = build.groups[group]
    build.groups[group] = replace(units, unit_names=_class_names(mlp, units.n_units))
    return build.network({}, "order", type(mlp).__name__), group


def _texts(names: Any) -> tuple[str, ...] | None:
    return None if names is None else tuple(map(str, names))


def _class_names(mlp: Any, n_units: int) -> tuple[str, ...] | None:
    """Return the names of the output units; of two classes, the one unit tells the second."""
    texts = _texts(getattr(mlp, "classes_", None)) or ()
    texts = texts[1:] if n_units == 1 and len(texts) == 2 else texts
    return texts if len(texts) == n_units else None
