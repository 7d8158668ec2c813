"""The `tfq-hybrid` command: a module for each of its commands."""
