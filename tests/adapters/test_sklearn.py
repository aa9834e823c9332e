"""Networks of scikit-learn's multilayer perceptrons, against what they predict themselves."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import nnweightviz as nwv
from adapters.contract import AdapterContract
from nnweightviz.adapters import as_network, as_state

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3))
FRAME = pd.DataFrame(X, columns=["age", "height", "weight"])
THREE = np.array(["cat", "dog", "fox"])[np.digitize(X[:, 0], [-0.5, 0.5])]
TWO = np.where(X[:, 1] > 0, "yes", "no")
FUNCTIONS: dict[str | None, Any] = {
    "ReLU": lambda z: np.maximum(z, 0),
    "Tanh": np.tanh,
    "Sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "Softmax": lambda z: np.exp(z) / np.exp(z).sum(axis=1, keepdims=True),
    None: lambda z: z,
}


def fitted(estimator: Any, *data: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return estimator.fit(*data)


def models() -> dict[str, Any]:
    few = {"max_iter": 8, "random_state": 0}
    return {
        "three classes": fitted(MLPClassifier((5, 5), **few), FRAME, THREE),
        "two classes": fitted(MLPClassifier((4,), activation="tanh", **few), X, TWO),
        "labels": fitted(MLPClassifier((4,), activation="logistic", **few), X, (X > 0).astype(int)),
        "one output": fitted(
            MLPRegressor(hidden_layer_sizes=(3, 2, 4), activation="identity", **few), X, X[:, 0]
        ),
        "two outputs": fitted(MLPRegressor(hidden_layer_sizes=(6,), solver="lbfgs", **few), X, X[:, :2]),
        "no hidden layer": fitted(MLPRegressor(hidden_layer_sizes=(), **few), X, X[:, 0]),
    }


class TestPerceptronsKeepTheContract(AdapterContract):
    def models(self) -> dict[str, tuple[Any, Any]]:
        return {name: (model, None) for name, model in models().items()}


def outputs_of(network: nwv.Network, state: Any, inputs: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Push inputs through the bundles alone, layer by layer."""
    values = {"input": inputs}
    for group in network.groups:
        if group.role == "units":
            fed = [b for b in network.bundles if b.target == group.id]
            sums = sum(values.get(b.source, np.ones((len(inputs), 1))) @ b.matrix(state).T for b in fed)
            values[group.id] = FUNCTIONS[network.layer_of(group.id).activation](sums)
    return values["output"]


def test_the_bundles_give_what_the_estimators_predict() -> None:
    for name, mlp in models().items():
        network, state = as_network(mlp), as_state(mlp)
        if isinstance(mlp, MLPRegressor):
            expected = mlp.predict(X).reshape(60, -1)
        elif name == "two classes":
            expected = mlp.predict_proba(X)[:, 1:]
        else:
            expected = mlp.predict_proba(FRAME if name == "three classes" else X)
        np.testing.assert_allclose(
            outputs_of(network, state, X), expected, rtol=1e-6, atol=1e-9, err_msg=name
        )


def test_features_and_classes_name_the_units() -> None:
    given = models()
    three, two = as_network(given["three classes"]), as_network(given["two classes"])
    assert three.group("input").unit_names == ("age", "height", "weight")
    assert three.group("output").unit_names == ("cat", "dog", "fox")
    assert two.group("input").unit_names is None
    assert two.group("output").unit_names == ("yes",)
    assert as_network(given["two outputs"]).group("output").unit_names is None
    assert [layer.name for layer in three.layers] == ["input", "hidden 1", "hidden 2", "output"]


def test_names_that_are_given_overrule_those_of_the_data() -> None:
    mlp = models()["three classes"]
    network = as_network(mlp, input_names=["a", "b", "c"], output_names=[1, 2, 3])
    assert network.group("input").unit_names == ("a", "b", "c")
    assert network.group("output").unit_names == ("1", "2", "3")


def test_the_perceptron_in_a_pipeline_or_a_search_is_drawn() -> None:
    mlp = MLPClassifier((4,), max_iter=5, random_state=0)
    pipeline = fitted(make_pipeline(StandardScaler(), mlp), X, TWO)
    search = fitted(GridSearchCV(pipeline, {"mlpclassifier__alpha": [0.1, 1.0]}, cv=2), X, TWO)
    best = search.best_estimator_[-1]
    for estimator, inner in ((pipeline, pipeline[-1]), (search, best)):
        np.testing.assert_array_equal(as_state(estimator)["coefs_[0]"], inner.coefs_[0])
        assert as_network(estimator).name == "MLPClassifier"


def test_an_estimator_that_is_not_fitted_is_refused_with_what_to_do() -> None:
    for estimator in (MLPClassifier(), make_pipeline(StandardScaler(), MLPRegressor())):
        for read in (as_network, as_state):
            with pytest.raises(ValueError, match=r"is not fitted.*call its fit or partial_fit first"):
                read(estimator)


def test_estimators_without_layers_are_refused_with_what_is_drawn() -> None:
    with pytest.raises(TypeError, match=r"draws scikit-learn's MLPClassifier.*got a LogisticRegression"):
        as_network(LogisticRegression())
    with pytest.raises(TypeError, match=r"got a Pipeline of 2 steps, none of them an MLP"):
        as_state(make_pipeline(StandardScaler(), LogisticRegression()))


def test_a_widget_shows_an_estimator_with_and_without_a_history() -> None:
    mlp = models()["three classes"]
    history = nwv.History()
    history.record(mlp, step=1)
    mlp.coefs_[0][0, 1] = 7
    history.record(mlp, step=2)
    assert history["coefs_[0]"][:, 0, 1].tolist()[1] == 7 != history["coefs_[0]"][0, 0, 1]
    assert repr(nwv.WeightViz(mlp, history)).startswith(
        "WeightViz of MLPClassifier: 3 layers, 68 links, 2 checkpoints"
    )
    assert "68 links, one checkpoint" in repr(nwv.WeightViz(mlp))
