"""`Adaptation`: what has been done to a model, as its config carries it."""

import dataclasses

from tfq_hybrid.adapters.methods import method_from_dict
from tfq_hybrid.errors import UserError

FORMAT = 1


@dataclasses.dataclass
class Adaptation:
    """The methods applied to a model, by name.

    Attributes:
        fingerprint: str. That of the base before the first method.
        methods: dict of a name and a `Method`.
        active: str. The name of the one in use, or `None`.
    """

    fingerprint: str
    methods: dict = dataclasses.field(default_factory=dict)
    active: str | None = None

    @property
    def method(self):
        """The method in use, or `None`."""
        return self.methods.get(self.active)

    def to_dict(self):
        """Plain JSON types."""
        methods = {name: m.to_dict() for name, m in self.methods.items()}
        return {
            "format": FORMAT,
            "fingerprint": self.fingerprint,
            "active": self.active,
            "methods": methods,
        }

    @classmethod
    def from_dict(cls, config):
        """Builds it from `to_dict()`.

        Raises:
            UserError: it was written by a newer version.
        """
        check_format(config["format"])
        methods = {
            name: method_from_dict(method)
            for name, method in config["methods"].items()
        }
        return cls(config["fingerprint"], methods, config["active"])


def check_format(number):
    """Raises `UserError` if a format is newer than what is known here."""
    if number > FORMAT:
        raise UserError(
            f"Expected an adapter of format {FORMAT} or before. Received: "
            f"format {number}, of a newer version of this package"
        )
