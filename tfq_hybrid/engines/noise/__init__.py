"""Noisy circuits on the batched engine.

channels        which operations are channels, and their lowering
density_matrix  exact: density matrices as Pauli vectors
trajectories    sampled: pure states, one Kraus operator drawn per channel
pauli_frames    sampled: Pauli noise as random signs of angles
"""
