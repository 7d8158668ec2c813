"""Circuits on Cirq's samplers and simulators, and what is like them.

measuring  a program's words from measured bits
shifts     the parameter-shift rule for operations of a Cirq circuit
engine     `CirqEngine`, the engine of layers with a `backend`
"""
