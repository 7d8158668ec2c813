"""TensorFlow Quantum as an engine, and as the reference.

ops              the one door to TensorFlow Quantum
chunks           its operations on a few examples at a time
engine           `TFQEngine`, `TFQNoisyEngine`
checks           what it runs, checked before it is asked to
differentiators  its differentiators as plain data
"""
