"""What held-out tweets tell of a model's counts, and how good the corrected shares are."""
