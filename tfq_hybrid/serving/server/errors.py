"""`RequestError`: a request that gets no answer, and why."""

from http import HTTPStatus


class RequestError(Exception):
    """Ends a request with a status and one line of text.

    Args:
        status: int. The HTTP status.
        message: str.
        retry_after: int, in seconds: when to try again. Defaults to `None`.

    Example:

    >>> RequestError(413, "Expected less").content()
    {'error': 'Expected less', 'code': 'REQUEST_ENTITY_TOO_LARGE'}
    """

    def __init__(self, status, message, retry_after=None):
        super().__init__(message)
        self.status = status
        self.message = message
        self.retry_after = retry_after

    def content(self):
        """The body: `error` is text, as TensorFlow Serving's."""
        code = HTTPStatus(self.status).name
        return {"error": self.message, "code": code}

    def headers(self):
        """What goes with the body."""
        if self.retry_after is None:
            return {}
        return {"retry-after": str(self.retry_after)}
