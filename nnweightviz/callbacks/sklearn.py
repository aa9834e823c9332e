"""Records scikit-learn's ``MLPClassifier`` and ``MLPRegressor`` while they are fitted, epoch by epoch.

Not for other estimators, nor for skorch (see ``skorch``).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from os import PathLike
from types import TracebackType
from typing import Any

from nnweightviz.adapters.sklearn import perceptron_of
from nnweightviz.callbacks.recording import Every, Recording
from nnweightviz.history import History


class Record:
    """Fits an estimator and records its weights: before the first step, after every epoch that is due, and last.

    ``record.fit(mlp, X, y)`` and ``record.partial_fit(mlp, X, y)`` do what the estimator's own methods do, and give
    the same weights. The training loss is logged every epoch, and the validation score where there is one.

    Parameters
    ----------
    history
        A History, or a path.
    every
        ``"epoch"``, or optimiser steps: the weights are then recorded at the end of the epoch in which they are due,
        for scikit-learn shows them no earlier.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.neural_network import MLPRegressor
    >>> X = np.linspace(-1, 1, 32).reshape(-1, 1)
    >>> history, mlp = History(), MLPRegressor(hidden_layer_sizes=(4,), batch_size=8)
    >>> with Record(history) as record:
    ...     for epoch in range(3):
    ...         mlp = record.partial_fit(mlp, X, X.ravel() ** 2)
    >>> history.steps.tolist(), history["coefs_[0]"].shape
    ([0, 4, 8, 12], (4, 1, 4))
    """

    def __init__(self, history: History | str | PathLike[str], every: Every = "epoch") -> None:
        self._recording = Recording(history, every)
        self._step = 0
        self._epoch = 0
        self._n_samples = 0
        self._mlp: Any = None

    @property
    def history(self) -> History | None:
        """What is recorded into; None for a path until the training begins."""
        return self._recording.history

    def fit(self, estimator: Any, X: Any, y: Any, **parameters: Any) -> Any:  # noqa: N803 scikit-learn's name
        """Fit an MLP, or a pipeline that ends in one, and return it.

        Raises
        ------
        TypeError
            If there is no MLP in it.
        ValueError
            If its solver is lbfgs, which has no epochs.
        """
        mlp = self._checked(estimator)
        self.close()
        try:
            with self._watched(mlp, is_going_on=mlp.warm_start):
                estimator.fit(X, y, **parameters)
        finally:
            self.close()
        return estimator

    def partial_fit(self, estimator: Any, X: Any, y: Any, **parameters: Any) -> Any:  # noqa: N803
        """Make one pass over ``X`` and ``y``, and return the estimator. The last weights are recorded by
        :meth:`close`.

        Raises
        ------
        TypeError, ValueError
            As :meth:`fit`.
        """
        mlp = self._checked(estimator)
        with self._watched(mlp, is_going_on=True):
            estimator.partial_fit(X, y, **parameters)
        return estimator

    def log(self, **metrics: Any) -> None:
        """Add metrics of your own at the present step; what is no number is left out.

        Raises
        ------
        RuntimeError
            If no training goes on: before the first :meth:`partial_fit`, or after :meth:`close`.
        """
        if not self._recording.is_begun:
            raise RuntimeError(
                "no training goes on that these metrics could belong to; call partial_fit first"
            )
        self._recording.log(metrics, self._step)

    def close(self) -> None:
        """Record the last weights, and close a history that was opened by its path."""
        if self._recording.is_begun:
            if not self._mlp.early_stopping:  # which puts the best weights in the place of the last
                self._recording.last(self._mlp, self._step, self._epoch)
            self._recording.end()

    def __enter__(self) -> Record:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _checked(self, estimator: Any) -> Any:
        mlp = perceptron_of(estimator)
        last = estimator.steps[-1][1] if hasattr(estimator, "steps") else estimator
        if last is not mlp:
            raise TypeError(
                f"Record fits an MLP, or a pipeline that ends in one; {type(estimator).__name__} fits a copy, which "
                "cannot be watched"
            )
        if mlp.solver == "lbfgs":
            raise ValueError(
                "solver='lbfgs' has no epochs to record after; use 'adam' or 'sgd', or draw the fitted model alone"
            )
        return mlp

    @contextmanager
    def _watched(self, mlp: Any, is_going_on: bool) -> Iterator[None]:
        """Be told, for the time of a call, of the weights that were just made, and of each epoch's end."""
        hooks = {"_initialize": self._begin, "_update_no_improvement_count": self._end_epoch}
        self._mlp = mlp
        if is_going_on and hasattr(mlp, "coefs_"):
            self._begin()
        for name, told in hooks.items():
            setattr(mlp, name, _followed(getattr(mlp, name), told))
        try:
            yield
        finally:
            for name in hooks:
                delattr(mlp, name)

    def _begin(self) -> None:
        self._n_samples = int(self._mlp.t_)
        if not self._recording.is_begun:
            self._recording.begin(self._mlp, self._step, self._epoch)

    def _end_epoch(self) -> None:
        mlp = self._mlp
        n_samples, self._n_samples = mlp.t_ - self._n_samples, mlp.t_
        size = min(200, n_samples) if mlp.batch_size == "auto" else min(mlp.batch_size, n_samples)
        self._step += math.ceil(n_samples / size)
        self._epoch += 1
        metrics = {"loss": mlp.loss_}
        if mlp.early_stopping and mlp.validation_scores_:
            metrics["validation_score"] = mlp.validation_scores_[-1]
        self._recording.log(metrics, self._step)
        self._recording.step(mlp, self._step, self._epoch)
        self._recording.end_epoch(mlp, self._step, self._epoch)


def _followed(method: Callable[..., Any], told: Callable[[], None]) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        result = method(*args, **kwargs)
        told()
        return result

    return call
