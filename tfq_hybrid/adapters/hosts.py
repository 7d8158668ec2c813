"""The classes of adapted models: their config, and how they are compiled."""

import dataclasses
import inspect
import warnings
from collections.abc import Iterable
from typing import Any, NotRequired, TypedDict

import keras
import keras_hub
from keras.src.models.functional import Functional  # has no public name

from tfq_hybrid.adapters.blocks import LanguageModel
from tfq_hybrid.adapters.families import FAMILIES, Family
from tfq_hybrid.adapters.method import Method
from tfq_hybrid.adapters.methods import method_from_dict
from tfq_hybrid.adapters.target import body_of, named_layers, unread_layers
from tfq_hybrid.adapters.variables import fingerprint, hosts_of, install
from tfq_hybrid.errors import UserError
from tfq_hybrid.files.homes import ADAPTED, PACKAGE, home_of
from tfq_hybrid.files.keras_hooks import extend_keras
from tfq_hybrid.files.presets import save_preset
from tfq_hybrid.shapes import check_shape

FORMAT = 1
extend_keras()


class SavedAdaptation(TypedDict):
    """What `Adaptation.to_dict` gives."""

    format: int
    fingerprint: str
    active: str | None
    methods: dict[str, dict]
    unread: NotRequired[list[str]]


@dataclasses.dataclass
class Adaptation:
    """The methods applied to a model, by name, and which of them is in use.

    The fingerprint is that of the base before the first method; `unread` are
    the paths of the body's layers whose outputs the task does not read.
    """

    fingerprint: str
    methods: dict[str, Method] = dataclasses.field(default_factory=dict)
    active: str | None = None
    unread: tuple[str, ...] = ()

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

    def to_dict(self) -> dict:
        """Plain JSON types."""
        methods = {name: m.to_dict() for name, m in self.methods.items()}
        return {
            "format": FORMAT,
            "fingerprint": self.fingerprint,
            "active": self.active,
            "methods": methods,
            "unread": list(self.unread),
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
        unread = tuple(config.get("unread", ()))
        return cls(config["fingerprint"], methods, config["active"], unread)


def check_format(number: int) -> None:
    """Raises `UserError` if a format is newer than what is known here."""
    if number > FORMAT:
        raise UserError(
            f"Expected an adapter of format {FORMAT} or before. Received: "
            f"format {number}, of a newer version of this package"
        )


FUNCTIONS = (
    "train_function",
    "test_function",
    "predict_function",
    "generate_function",
)


def forget_functions(model: keras.Model) -> None:
    """Drops compiled functions, which hold the layers as they were."""
    for name in FUNCTIONS:
        if hasattr(model, name):
            setattr(model, name, None)


def compile_again(model: keras.Model) -> None:
    """Compiles a compiled model again, with a fresh optimizer.

    An optimizer keeps the variables that it was built for, and a compiled
    function the layers that it was traced with. Where the arguments of
    `compile` cannot be serialised, the model is left uncompiled, and Keras
    says so when it is to train.
    """
    forget_functions(model)
    if not getattr(model, "compiled", False):
        return
    sampler = getattr(model, "sampler", None)
    options = {} if sampler is None else {"sampler": sampler}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # said below by Keras's error
            config = keras.saving.deserialize_keras_object(
                model.get_compile_config()
            )
    except (TypeError, ValueError):
        config = None
    if not config:
        model.compiled = False
        return
    model.compile(**config, **options)


def compile_from_config(model: keras.Model, config: dict) -> None:
    """Compiles a model as it was when saved, with the optimizer's state.

    The method of that name for a class whose `compile` is its own, as that
    of a keras-hub task is: Keras's own method skips those.
    """
    model.compile(**keras.saving.deserialize_keras_object(config))
    model.optimizer.build(model.trainable_variables)


def check_ready_to_train(model: keras.Model) -> None:
    """Raises `UserError` if training would change nothing, or not all."""
    if model.adaptation.active is None:
        names = ", ".join(model.adaptation.methods)
        raise UserError(
            "Expected an active adapter to train: call adapters.activate(model"
            f", name) with a name of: {names}. Received: all disabled"
        )
    if not model.optimizer.built:
        return
    known = {id(v) for v in optimizer_variables(model.optimizer)}
    missing = [v for v in model.trainable_variables if id(v) not in known]
    if missing:
        raise UserError(
            "Expected a model that was compiled after the last change of what "
            f"trains: call compile again. Received: {len(missing)} variables "
            f"that its optimizer does not know, such as {missing[0].path}"
        )


def optimizer_variables(
    optimizer: keras.optimizers.Optimizer,
) -> list[keras.Variable]:
    """The variables that a built optimizer updates."""
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    return optimizer._trainable_variables


# From a class to the one of its adapted models. Filled below.
HOSTS: dict[type, type] = {}


def _training_methods(kind):
    """What all adapted classes have in common."""

    def make_train_function(self, force=False):
        check_ready_to_train(self)
        return kind.make_train_function(self, force)

    def get_config(self):
        config = kind.get_config(self)
        return {**config, "adaptation": self.adaptation.to_dict()}

    return {
        "make_train_function": make_train_function,
        "compile_from_config": compile_from_config,
        "get_config": get_config,
        "adapted_from": kind,
        "__module__": home_of(f"{PACKAGE}>{ADAPTED}{kind.__name__}"),
        "__doc__": f"A `{kind.__name__}` with adapters in it.",
    }


def _register(kind, members):
    name = f"{ADAPTED}{kind.__name__}"
    is_language = issubclass(
        kind, keras_hub.models.CausalLM
    ) and not issubclass(kind, keras_hub.models.Seq2SeqLM)
    bases = (LanguageModel, kind) if is_language else (kind,)
    adapted = type(name, bases, {**_training_methods(kind), **members})
    HOSTS[kind] = keras.saving.register_keras_serializable(PACKAGE)(adapted)


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
    """Adds a Keras class, which `from_config` makes from layers."""

    def from_config(cls, config, custom_objects=None):
        config = dict(config)
        adaptation = Adaptation.from_dict(config.pop("adaptation", None))
        model = super(HOSTS[kind], cls).from_config(config, custom_objects)
        model.adaptation = adaptation
        install(model, adaptation)
        return model

    _register(kind, {"from_config": classmethod(from_config)})


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
    register = keras.saving.register_keras_serializable("tfq_hybrid")
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
        host.__class__ = HOSTS[type(host)]
    host.adaptation = adaptation


def become_plain(host: keras.Model) -> None:
    """Gives an adapted model the class that it had."""
    del host.adaptation
    host.__class__ = host.adapted_from


def is_adapted(model: keras.Model) -> bool:
    """Whether a model carries an adaptation."""
    return type(model) in HOSTS.values()


def find_adaptation(model: keras.Model) -> Adaptation | None:
    """The adaptation of a model, or of the backbone in it, or `None`.

    Raises:
        UserError: the model is a layer of another one, whose compiled
            functions would go on with the layers as they are.
    """
    if is_inside_another(model):
        raise UserError(
            "Expected the outermost model, as what that has compiled would "
            f"not see the change. Received: {model.name!r}, a layer of another"
        )
    for host in reversed(hosts_of(model)):
        if is_adapted(host):
            return host.adaptation
    return None


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


def check_host(model: keras.Model) -> None:
    """Raises `UserError` unless a model can carry an adaptation."""
    if type(model) in HOSTS or is_adapted(model):
        return
    families = ", ".join(family.name for family in FAMILIES)
    raise UserError(
        "Expected a Functional or Sequential model, or a backbone, text "
        "classifier, causal, masked or sequence-to-sequence language model of "
        "keras-hub, of one of: "
        f"{families}. Received: {type(model).__name__}"
    )
