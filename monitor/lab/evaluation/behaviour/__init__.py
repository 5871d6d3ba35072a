"""Behaviour tested like code: invented cases under many names, and what must not change a label.

After CheckList (Ribeiro et al., ACL 2020, arXiv 2005.04118): minimal functionality tests (the right
label), invariance tests (a change that must not matter) and directional tests (one that must).
Runs on what a board has.
"""
