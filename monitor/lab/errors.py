"""What can end a training command before its work is done."""


class TrainingError(Exception):
    """Something the user can put right; the message is one line that says what."""


class Interrupted(Exception):  # noqa: N818 (nothing is wrong)
    """The run was asked to stop and has saved a checkpoint; the message says where it stands."""
