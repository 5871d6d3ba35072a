"""The tool-chain that makes the shipped model: train, distil, export.

Needs the extra ``[train]``.
"""
