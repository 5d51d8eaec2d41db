"""What users do. Each function takes a workspace and plain values, and returns frozen dataclasses.

The command line and the node's API call the same functions: they parse, call, print.
"""
