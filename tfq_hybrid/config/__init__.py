"""Nested configs: their keys, their values, and what each argument means.

fields  the arguments of nested dataclasses, with defaults, choices and help
values  dotted keys such as `circuit.depth`, and types from texts and files
"""
