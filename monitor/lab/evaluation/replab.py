"""Reliability and Sensitivity, the measures by which RepLab compares systems.

Amigó, Gonzalo, Verdejo: A general evaluation measure for document organization tasks, SIGIR 2013.
RepLab 2013 takes polarity as an ordering: a tweet stands above another if its polarity is higher
(negative < neutral < positive), and tweets of one polarity are not related. The reliability of a
tweet is the share of the relations to other tweets that the answers give it and that the labels
give it too; R is its mean over the tweets that the answers relate to any other. Sensitivity, S,
is the same with answers and labels exchanged. A system cannot buy one with the other, and
answering everything alike is worth nothing.

All of it is a function of the 3x3 table of counts: tweets of one cell have the same relations.
"""

import numpy as np

from monitor.lab.metrics import Counts, Floats, mean_of_known, ratio


def reliability(confusion: Counts) -> Floats:
    """Return R [...] of tables of counts [..., labels, labels], labels from low to high.

    It is nan where the answers relate no tweet to another (all are alike).
    """
    size = confusion.shape[-1]
    above = np.triu(np.ones((size, size), dtype=np.int64), 1)  # [i, k]: class k is above class i
    # Right relations of a tweet in cell [i, j]: tweets above it in both orders, or below in both.
    right = above @ confusion @ above.T + above.T @ confusion @ above
    answered = confusion.sum(axis=-2, keepdims=True)
    asserted = answered.sum(axis=-1, keepdims=True) - answered
    related = np.where(asserted > 0, confusion, 0)
    shares = np.nan_to_num(ratio(right, asserted))
    return ratio((related * shares).sum(axis=(-2, -1)), related.sum(axis=(-2, -1)))


def sensitivity(confusion: Counts) -> Floats:
    """Return S [...] of tables of counts; nan where the labels relate no tweet to another."""
    return reliability(np.swapaxes(confusion, -2, -1))


def f_rs(confusion: Counts) -> Floats:
    """Return the harmonic mean of R and S [...].

    It is 0 where the answers relate nothing that the labels relate, and nan where the labels
    relate nothing: such tweets tell nothing of a system.
    """
    r, s = np.nan_to_num(reliability(confusion)), sensitivity(confusion)
    return np.where(np.isnan(s), np.nan, np.nan_to_num(ratio(2 * r * s, r + s)))


def averaged(by_entity: Counts) -> tuple[Floats, Floats, Floats]:
    """Return the means of R, of S and of F(R,S) over entities, as RepLab reports them.

    Each is computed for each entity by itself and has the same weight in its mean, however many
    tweets it has. Entities whose labels are all alike are left out of all three; where only the
    answers are all alike, R counts as 0, as F(R,S) does.

    Args:
        by_entity: counts [..., entities, labels, labels].

    Returns:
        Three arrays [...]; nan where every entity was left out.
    """
    s, f = sensitivity(by_entity), f_rs(by_entity)
    r = np.where(np.isnan(s), np.nan, np.nan_to_num(reliability(by_entity)))
    return mean_of_known(r), mean_of_known(s), mean_of_known(f)
