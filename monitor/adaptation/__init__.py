"""An entity's own answers: a small fit from the model's probabilities to labels of its tweets."""
