"""A server for exports, with the REST paths of TensorFlow Serving.

    limits      how much a request may be, and how long it may take
    servable    a loaded version and its signatures
    bodies      a request's body to arrays, and arrays to an answer's
    batching    many requests, one call of the model
    app         the paths, and what is counted
    connections who is accepted, who is cut off, and how it stops
    running     the socket, signals and logs

It imports TensorFlow, and neither TensorFlow Quantum nor Cirq nor Keras.
"""

from tfq_hybrid.serving.server.app import make_app
from tfq_hybrid.serving.server.limits import Limits
from tfq_hybrid.serving.server.running import serve

__all__ = ["Limits", "make_app", "serve"]
