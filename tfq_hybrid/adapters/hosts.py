"""The classes of adapted models, and what carries an adaptation."""

import inspect
from collections.abc import Iterable, Mapping
from typing import Any

import keras
import keras_hub
from keras.src.models.functional import Functional  # has no public name

from tfq_hybrid.adapters.adaptation import Adaptation
from tfq_hybrid.adapters.blocks import LanguageModel
from tfq_hybrid.adapters.compiling import (
    check_ready_to_train,
    compile_from_config,
)
from tfq_hybrid.adapters.families import BUILT_IN, FAMILIES, Family
from tfq_hybrid.adapters.variables import (
    base_variables,
    hosts_of,
    install,
    opened_layers,
)
from tfq_hybrid.errors import UserError
from tfq_hybrid.files.homes import ADAPTED, PACKAGE, home_of
from tfq_hybrid.files.keras_hooks import (
    extend_keras,
    find_registered,
    prepare_to_save,
)
from tfq_hybrid.files.presets import save_preset

extend_keras()
# From a class to the one of its adapted models. Families are filled in below.
HOSTS: dict[type, type] = {}
# The packages of Keras whose adapted classes are registered as this one's.
KERAS = ("keras", "keras_hub")


def _is_of_keras(kind: type) -> bool:
    """Whether a class is one of Keras's own, which are not registered."""
    return kind.__module__.partition(".")[0] in KERAS


def host_of(kind: type) -> type:
    """The class of a class's adapted models, which is made where it is not.

    Its name begins with `Adapted`. Keras knows it by the package of the class.
    """
    if kind in HOSTS:
        return HOSTS[kind]
    if issubclass(kind, keras_hub.models.Backbone):
        _register_hub(kind, strict=False)
    elif issubclass(kind, keras_hub.models.Task):
        backbone = getattr(kind, "backbone_cls", None)
        own = backbone and host_of(backbone)
        _register_hub(kind, strict=True, backbone_cls=own)
    else:
        _register_plain(kind)
    return HOSTS[kind]


def adapted_class(
    name: str, custom_objects: Mapping[str, Any] | None = None
) -> type | None:
    """The adapted class that a registered name stands for, or `None`.

    A class of one's own is found if Keras knows it, or `custom_objects`.

    Example:

    >>> adapted_class("tfq_hybrid>AdaptedViTBackbone").__name__
    'AdaptedViTBackbone'
    >>> adapted_class("os>Adaptedsystem") is None
    True
    """
    package, _, bare = name.partition(">")
    if not bare.startswith(ADAPTED):
        return None
    bare = bare.removeprefix(ADAPTED)
    packages = (package, *KERAS) if package == PACKAGE else (package,)
    for full in (*(f"{one}>{bare}" for one in packages), bare):
        kind = find_registered(full, custom_objects)
        if isinstance(kind, type) and issubclass(kind, keras.Model):
            return host_of(kind)
    return None


def _members(kind):
    """What all adapted classes have in common."""

    def make_train_function(self, force=False):
        check_ready_to_train(self)
        return kind.make_train_function(self, force)

    def get_config(self):
        config = kind.get_config(self)
        return {**config, "adaptation": self.adaptation.to_dict()}

    def made_anew(self):
        copy = type(self).from_config(self.get_config())
        if not copy.built:
            copy.build_from_config(self.get_build_config())
        return copy

    return {
        "make_train_function": make_train_function,
        "made_anew": made_anew,
        "compile_from_config": compile_from_config,
        "get_config": get_config,
        "adapted_from": kind,
        "__doc__": f"A `{kind.__name__}` with adapters in it.",
    }


def _register(kind, members):
    package, _, bare = keras.saving.get_registered_name(kind).rpartition(">")
    is_ours = package in (PACKAGE, *KERAS) or _is_of_keras(kind)
    bases = (kind,)
    if issubclass(kind, keras_hub.models.CausalLM) and not issubclass(
        kind, keras_hub.models.Seq2SeqLM
    ):
        bases = (LanguageModel, kind)
    members = {**_members(kind), **members}
    name = f"{ADAPTED}{bare}"
    home = home_of(f"{PACKAGE}>{name}") if is_ours else kind.__module__
    adapted = type(name, bases, {**members, "__module__": home})
    package = PACKAGE if is_ours else package or "Custom"
    HOSTS[kind] = keras.saving.register_keras_serializable(package)(adapted)


def _register_hub(kind, strict, **members):
    """Adds a keras-hub class, whose `__init__` takes its config."""

    def save_to_preset(self, preset_dir, **options):
        save_preset(
            self,
            lambda folder: kind.save_to_preset(self, folder, **options),
            preset_dir,
        )

    def __init__(self, *args, adaptation=None, **kwargs):  # noqa: N807
        # A file's config without one of the arguments is no bug of ours.
        inspect.signature(kind.__init__).bind(self, *args, **kwargs)
        kind.__init__(self, *args, **kwargs)
        if adaptation is not None:
            self.adaptation = Adaptation.from_dict(adaptation)
            install(self, self.adaptation, strict)

    members |= {"__init__": __init__, "save_to_preset": save_to_preset}
    _register(kind, members)


def _register_plain(kind):
    """Adds a class that `from_config` makes, built or not yet."""

    def from_config(cls, config, custom_objects=None):
        config = dict(config)
        adaptation = Adaptation.from_dict(config.pop("adaptation", None))
        options = {}
        if issubclass(kind, keras.Sequential | Functional):
            options["custom_objects"] = custom_objects
        model = super(HOSTS[kind], cls).from_config(config, **options)
        model.adaptation = adaptation
        if model.built:
            install(model, adaptation)
        return model

    def build_from_config(self, config):
        kind.build_from_config(self, config)
        install(self, self.adaptation)

    members = {"from_config": classmethod(from_config)}
    if not issubclass(kind, keras.Sequential | Functional):
        members["build_from_config"] = build_from_config
    _register(kind, members)


def register_hosts(backbone: type, *tasks: type) -> None:
    """Makes the adapted classes of a keras-hub backbone and of its tasks.

    Their names begin with `Adapted`, and Keras knows them.

    Args:
        backbone: of a family of `FAMILIES`; see `family_of`.
        *tasks: classes whose `__init__` takes what their config holds.
    """
    _register_hub(backbone, strict=False)
    for task in tasks:
        _register_hub(task, strict=True, backbone_cls=HOSTS[backbone])


def register_tasks(kind: Any, name: str, families: Iterable[Family]) -> None:
    """Makes the classes of a task for backbones of families, and adapted ones.

    keras-hub finds the task of a preset by the class of its backbone. Keras
    knows them all, and the task itself, for backbones of other classes.

    Args:
        kind: a keras-hub task for any backbone.
        name: of its classes, with `{}` for that of the family.
        families: that it is for.
    """
    register = keras.saving.register_keras_serializable(PACKAGE)
    register(kind)
    for family in families:
        members = {
            "backbone_cls": family.backbone,
            "__module__": kind.__module__,
            "__doc__": f"A `{kind.__name__}` on a {family.name}.",
        }
        own = register(type(name.format(family.prefix), (kind,), members))
        adapted = HOSTS[family.backbone]
        _register_hub(own, strict=True, backbone_cls=adapted)


for _family in FAMILIES:
    register_hosts(_family.backbone, *_family.tasks)
_register_plain(keras.Sequential)
_register_plain(Functional)


def become_adapted(host: keras.Model, adaptation: Adaptation) -> None:
    """Gives a model the class that carries an adaptation."""
    if not is_adapted(host):
        host.__class__ = host_of(type(host))
    host.adaptation = adaptation


def become_plain(host: keras.Model) -> None:
    """Gives an adapted model the class that it had."""
    del host.adaptation
    host.__class__ = host.adapted_from


def is_adapted(model: keras.Model) -> bool:
    """Whether a model carries an adaptation."""
    return type(model) in HOSTS.values()


def find_adaptation(model: keras.Model) -> Adaptation | None:
    """The adaptation of a model, or of what is adapted in it, or `None`.

    A model that was built around an adapted one carries its adaptation from
    then on.

    Raises:
        UserError: the model is a layer of another one, whose compiled
            functions would go on with the layers as they are.
    """
    if is_inside_another(model):
        raise UserError(
            "Expected the outermost model, as what that has compiled would "
            f"not see the change. Received: {model.name!r}, a layer of another"
        )
    if is_adapted(model):
        return model.adaptation
    inside = next(filter(is_adapted, hosts_of(model)), None)
    if inside is not None:
        adaptation = inside.adaptation
    else:
        found = (layer.adaptation for layer in opened_layers(model))
        adaptation = next(filter(None, found), None)
    if adaptation is not None:
        _adopt(model, adaptation)
    return adaptation


def _adopt(model, adaptation):
    """Lets a model carry the adaptation of what was adapted before it."""
    method = adaptation.method
    begins = method.trained_base(model) if method else ()
    variables = base_variables(model, trained=True).items()
    own = (
        path.rpartition("/")[0]
        for path, variable in variables
        if variable.trainable and not path.startswith(begins)
    )
    adaptation.own = tuple(dict.fromkeys(own))
    become_adapted(model, adaptation)


@prepare_to_save
def carry(model: keras.Model) -> None:
    """Lets a model that is saved carry the adaptation of what is in it."""
    if isinstance(model, keras.Model) and not is_inside_another(model):
        find_adaptation(model)


def adaptation_of(model: keras.Model) -> Adaptation:
    """The adaptation of a model.

    Raises:
        UserError: the model has none, or is a layer of another one.
    """
    adaptation = find_adaptation(model)
    if adaptation is None:
        raise UserError(
            f"Expected an adapted model. Received: {type(model).__name__}; "
            "call adapters.adapt first"
        )
    return adaptation


def is_inside_another(model: keras.Model) -> bool:
    """Whether a model was called by another one that was made since."""
    return bool(model._inbound_nodes)


def check_host(model: Any) -> None:
    """Raises `UserError` unless a model can carry an adaptation."""
    if not isinstance(model, keras.Model):
        raise UserError(
            f"Expected a Keras model. Received: {type(model).__name__}"
        )
    if not model.weights:
        raise UserError(
            "Expected a built model: call it on some inputs first. Received: "
            f"{model.name!r}, which has no weights"
        )
    if any(BUILT_IN in layer.adapters for layer in opened_layers(model)):
        raise UserError(
            "Expected a model whose Dense layers are its own. Received: "
            f"{type(model).__name__}, which was built with others in them"
        )
