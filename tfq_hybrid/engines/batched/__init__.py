"""The batched engine, from gates to expectations.

gates     gates as sums of cosines and sines, and steps that apply them
lowering  from Cirq operations to those gates
plan      the plan of a program, and how it is run
passes    the compile pipeline, from plan to plan
blocks    runs of shared gates fused into one matrix
states    states as tensors
readout   expectations of Pauli operators
engine    `BatchedEngine`
"""
