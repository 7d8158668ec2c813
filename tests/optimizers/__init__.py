"""Tests of `tfq_hybrid.hardware`."""
