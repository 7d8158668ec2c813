"""Nested configs: their keys, their values, and what each argument means.

keys    dotted keys such as `circuit.depth`, and nested dicts
fields  the arguments of nested dataclasses, with defaults, choices and help
values  arguments from text and from files, by their annotations
"""
