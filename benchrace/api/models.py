"""Answers about models and the model policy."""

import msgspec

from benchrace.config.model_policy import Group
from benchrace.run.planning.fit import Fit
from benchrace.run.planning.prediction import Prediction


class Lacks(msgspec.Struct, frozen=True, kw_only=True):
    """What a machine lacks of the policy."""

    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()


class ModelHere(msgspec.Struct, frozen=True, kw_only=True):
    """A model on one machine. `backends` have it; `fit` is null where no machine knows it.

    `predictions` are by backend; where the machine lacks the model, by those of the machines that
    have it.
    """

    model: str
    has_model: bool
    backends: tuple[str, ...]
    fit: Fit | None
    predictions: dict[str, Prediction] = {}


class PolicyAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """`path` is the file; `backup` the copy of the previous one, if there was one."""

    required: Group
    optional: Group
    path: str
    backup: str | None = None
