"""How far rounding can take two computations of one number apart."""

import numpy as np


def rounding(operations, scale=1.0, dtype="float32"):
    """The most by which two computations of one number can differ.

    Processors sum in different orders, and fuse multiplications with
    additions or not. An operation rounds by at most half of the machine
    epsilon, whatever the order, so that n of them in a row move a result by at
    most n eps / 2 of the magnitudes that went in, to first order (Higham,
    Accuracy and Stability of Numerical Algorithms, 2nd ed., sections 3.1 and
    4.2): two results lie within n eps of each other.

    Args:
        operations: int. The longest chain: the terms of a sum one after
            another, and four for a function such as exp or tanh, which
            libraries round to two or so units in the last place.
        scale: float. The sum of the magnitudes of the terms, not that of the
            result, which cancellation may have made small.
        dtype: the type that is computed in. Defaults to float32.

    Returns:
        A float, for `atol`. A fault of more than rounding is far above it.
    """
    return operations * float(np.finfo(dtype).eps) * scale


def has_no_gradient(variable):
    """Whether the gradient of a variable is zero but for rounding.

    A bias of keys adds the same to all scores of a query, which the softmax
    cancels, unless rotary positions turn the keys. What is left, 1e-14 or so,
    and with it the first step of Adam, is the processor's own.
    """
    return variable.path.endswith(("/key/bias", "/key_dense/bias"))
