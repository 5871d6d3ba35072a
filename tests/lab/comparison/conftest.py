"""The toy world of the training tests serves here too."""

from tests.lab.training.conftest import data, few_threads

__all__ = ["data", "few_threads"]
