"""The toy world of the training tests serves here too."""

from tests.training.conftest import data, few_threads

__all__ = ["data", "few_threads"]
