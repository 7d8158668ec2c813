"""`Adaptation`: the methods applied to a model, and which of them is in use."""

import dataclasses
from typing import NotRequired, TypedDict

import keras

from tfq_hybrid.adapters.method import Method
from tfq_hybrid.adapters.methods import method_from_dict
from tfq_hybrid.adapters.target import (
    Target,
    body_of,
    named_layers,
    unread_layers,
)
from tfq_hybrid.adapters.variables import fingerprint
from tfq_hybrid.errors import UserError
from tfq_hybrid.shapes import check_shape

FORMAT = 1


class SavedAdaptation(TypedDict):
    """What `Adaptation.to_dict` gives."""

    format: int
    fingerprint: str
    active: str | None
    methods: dict[str, dict]
    unread: NotRequired[list[str]]
    own: NotRequired[list[str]]


@dataclasses.dataclass
class Adaptation:
    """The methods applied to a model, by name, and which of them is in use.

    Attributes:
        fingerprint: of the base before the first method.
        methods: by name.
        active: the name of the one in use, or `None`.
        unread: the paths of the body's layers whose outputs the task does not
            read.
        own: the paths of layers that a user put around an adapted model, and
            that train themselves.
    """

    fingerprint: str
    methods: dict[str, Method] = dataclasses.field(default_factory=dict)
    active: str | None = None
    unread: tuple[str, ...] = ()
    own: tuple[str, ...] = ()

    @classmethod
    def of(cls, model: keras.Model) -> "Adaptation":
        """That of a model without a method yet."""
        body = body_of(model)
        unread = {id(layer) for layer in unread_layers(model)}
        paths = (p for p, layer in named_layers(body) if id(layer) in unread)
        return cls(fingerprint(model), unread=tuple(paths))

    @property
    def method(self) -> Method | None:
        """The method in use."""
        return self.methods.get(self.active) if self.active else None

    def places(
        self, method: Method, model: keras.Model, strict: bool = True
    ) -> tuple[list[Target], list[Target]]:
        """Where a method goes: its targets, and of the head what it copies."""
        found, head = method.places(model, strict)
        return found, [row for row in head if row.path not in self.own]

    def to_dict(self) -> dict:
        """Plain JSON types."""
        methods = {name: m.to_dict() for name, m in self.methods.items()}
        return {
            "format": FORMAT,
            "fingerprint": self.fingerprint,
            "active": self.active,
            "methods": methods,
            "unread": list(self.unread),
            "own": list(self.own),
        }

    @classmethod
    def from_dict(cls, config: dict) -> "Adaptation":
        """Builds it from `to_dict()`.

        Raises:
            UserError: it was written by a newer version.
            ValueError: it is no such dict.
        """
        check_shape(config, SavedAdaptation)
        check_format(config["format"])
        methods = {
            name: method_from_dict(method)
            for name, method in config["methods"].items()
        }
        return cls(
            config["fingerprint"],
            methods,
            config["active"],
            tuple(config.get("unread", ())),
            tuple(config.get("own", ())),
        )


def check_format(number: int) -> None:
    """Raises `UserError` if a format is newer than what is known here."""
    if number > FORMAT:
        raise UserError(
            f"Expected an adapter of format {FORMAT} or before. Received: "
            f"format {number}, of a newer version of this package"
        )
