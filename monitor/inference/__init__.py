"""From a text and an entity to a label.

A model's folder, what the model reads, its tokenizer, and the TensorFlow Lite interpreter.
"""

from typing import TYPE_CHECKING

from monitor.lazily import face

if TYPE_CHECKING:
    from monitor.inference.classifier import Classifier as Classifier
    from monitor.inference.interpreter import Interpreter as Interpreter
    from monitor.inference.interpreter import choose_runtime as choose_runtime
    from monitor.inference.interpreter import package_of as package_of
    from monitor.inference.interpreter import passed_over as passed_over
    from monitor.inference.model import Model as Model
    from monitor.inference.model import ModelError as ModelError

else:  # or the type checker would take any name for one that is there
    __getattr__ = face(
        __name__,
        {
            "classifier": ("Classifier",),
            "interpreter": ("Interpreter", "choose_runtime", "package_of", "passed_over"),
            "model": ("Model", "ModelError"),
        },
    )
