__all__ = ["embed"]

from .embedding import embed
