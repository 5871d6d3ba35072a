"""Commands of the tool-chain, a file each.

Importing one is cheap: a command imports the heavy libraries when it is called.
"""
