"""The tool-chain that makes the shipped model: train, distil, export, evaluate.

Needs the extra ``[train]``, except for evaluation, which runs on what the daemon runs on.
"""
