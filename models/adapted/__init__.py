"""A pretrained base that one method adapts: no published system, but yours.

system   the arguments
build    from them to a classifier or a language model
"""
