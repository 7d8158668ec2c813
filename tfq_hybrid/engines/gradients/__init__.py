"""Gradient methods.

method     `GradientMethod`: a gradient method by name
adjoint    exact: walk the circuit backwards
shifts     parameter shifts and finite differences
estimates  gradients from shifted or randomly perturbed evaluations
estimated  the engine whose gradient is made of evaluations
"""
