"""The quantum head as a system: its arguments and its baselines."""

import dataclasses
import math

from tfq_hybrid.config.fields import choice
from tfq_hybrid.errors import (
    UserError,
    check_choice,
    check_integer,
    check_share,
)
from tfq_hybrid.layers.names import READOUTS
from tfq_hybrid.training.systems import Options, System

# Those that say how the circuits run, and all that a linear head has not.
RUN_OPTIONS = ("angle_range", "shots", "noise", "readout_error", "engine")
CIRCUIT_OPTIONS = (
    "qubits",
    "encoders",
    "encoder_qubits",
    "reuploads",
    "depth",
    "distance",
    "readouts",
    "share_weights",
    "entangled",
    "constant_amplitude",
    "readout",
    *RUN_OPTIONS,
)


def block_angles(
    qubits: int, depth: int, distance: int, entangled: bool = True
) -> int:
    """Angles of a block of Fig. 3: Q C L + Q.

    A distance of Q or more is the longest that there is, Q - 1. Without
    entanglement Q (L + 1) are left.

    >>> block_angles(4, depth=3, distance=2)
    28
    """
    return qubits * block_layers(qubits, depth, distance, entangled) + qubits


def block_layers(
    qubits: int, depth: int, distance: int, entangled: bool = True
) -> int:
    """Rings, one for each distance, in all layers of a block: C L.

    >>> block_layers(4, depth=3, distance=2)
    6
    """
    longest = min(distance, qubits - 1) if entangled else 1
    return max(longest, 1) * depth


def as_options(options):
    """Options as they are, those of a dict, or for `None` the defaults."""
    if options is None or isinstance(options, dict):
        return QuantumHeadOptions.from_dict(options or {})
    return options


@dataclasses.dataclass(frozen=True, kw_only=True)
class QuantumHeadOptions(Options):
    """The arguments of the quantum head.

    Args:
        qubits: qubits of the head's circuit, Q_c. Defaults to 10.
        encoders: parallel encoders, E. Together they give one value for each of
            the qubits: each reads Z on as many of its first qubits as that
            takes, which is our choice. Defaults to 1.
        encoder_qubits: qubits of an encoder. Defaults to `None`: as few as the
            amplitudes of an embedding, ceil(log2 d), and the values to read
            take.
        reuploads: how often the values are encoded, N. Defaults to 1.
        depth: layers of each block, L. Defaults to 3.
        distance: the longest distance that CNOT couples, C. Defaults to 2.
        readouts: qubits that are read at last, Q_m. Defaults to 1, as in the
            paper.
        share_weights: whether the blocks between re-uploads have the same
            angles. The paper writes one theta for all, which need not mean
            that. Defaults to `True`.
        entangled: whether there are CNOTs; `False` is the ablation. Defaults to
            `True`.
        constant_amplitude: an amplitude beside those of an embedding, which is
            brought to length 1 before. What is read is quadratic in the
            amplitudes, so that without it x and -x are one to the circuit. Our
            choice. Defaults to 0: none, as in the paper.
        readout: `"plain"`: the values of the encoders and of the head are
            expectations as they are, as in the paper. `"standardised"`: less
            their means and divided by their deviations, both of the batch, in
            use those of training (Ioffe and Szegedy 2015); tanh keeps those of
            the encoders within -1 and 1. Expectations of ten qubits differ
            little from text to text, which a small learning rate takes long
            to make up for. Our choice. Defaults to `"plain"`.
        angle_range: the angle in radians that encodes the value 1, our choice.
            Defaults to pi / 2: values from -1 to 1 stay apart.
        shots: shots of each readout. Defaults to `None`: exact.
        noise: the probability of depolarization of each qubit after each
            moment. Defaults to 0.
        readout_error: the probability to read a bit wrongly. Defaults to 0.
        preset: The encoder that embeds the texts, such as those of
            sentence-transformers, as for `bases.as_preset`. Defaults to
            `None`: none, for a head on embeddings alone.
        train_encoder: Fine-tune the encoder. Defaults to `False`: frozen.
        engine: What runs the circuits. Defaults to `"auto"`.

    Raises:
        UserError: an argument is out of its range.

    Example:

    >>> QuantumHeadOptions().parameters(width=768, classes=2)
    214
    """

    qubits: int = 10
    encoders: int = 1
    encoder_qubits: int | None = None
    reuploads: int = 1
    depth: int = 3
    distance: int = 2
    readouts: int = 1
    share_weights: bool = True
    entangled: bool = True
    constant_amplitude: float = 0.0
    readout: str = choice("plain", READOUTS)
    angle_range: float = math.pi / 2
    shots: int | None = None
    noise: float = 0.0
    readout_error: float = 0.0
    preset: str | None = None
    train_encoder: bool = False
    engine: str = choice("auto", ("auto", "batched"))

    def __post_init__(self):
        for name in ("qubits", "encoders", "reuploads", "depth", "distance"):
            check_integer(name, getattr(self, name), minimum=1)
        check_integer("readouts", self.readouts, 1, self.qubits)
        if self.encoders > self.qubits:
            raise UserError(
                "Expected at most one encoder for each of the values, of which "
                f"there are {self.qubits}. Received: encoders={self.encoders}"
            )
        for name in ("encoder_qubits", "shots"):
            if getattr(self, name) is not None:
                check_integer(name, getattr(self, name), minimum=1)
        check_share("constant_amplitude", self.constant_amplitude, 1e6)
        check_share("noise", self.noise)
        check_share("readout_error", self.readout_error)
        check_share("angle_range", self.angle_range, 2 * math.pi)
        check_choice("readout", self.readout, READOUTS)
        check_choice("engine", self.engine, ("auto", "batched"))

    @property
    def values_read(self) -> list[int]:
        """How many values each encoder gives."""
        whole, rest = divmod(self.qubits, self.encoders)
        return [whole + (e < rest) for e in range(self.encoders)]

    def amplitudes(self, width: int) -> int:
        """How many amplitudes embeddings of a width become."""
        return width + bool(self.constant_amplitude)

    def qubits_of_encoders(self, width: int) -> int:
        """Qubits of each encoder of embeddings of a width.

        Raises:
            UserError: `encoder_qubits` are too few.
        """
        width = self.amplitudes(width)
        needed = max(1, (width - 1).bit_length(), *self.values_read)
        if self.encoder_qubits is None:
            return needed
        if self.encoder_qubits < needed:
            raise UserError(
                f"Expected at least {needed} qubits in an encoder of {width} "
                f"amplitudes that gives {max(self.values_read)} values. "
                f"Received: encoder_qubits={self.encoder_qubits}"
            )
        return self.encoder_qubits

    def layers(self, qubits: int, blocks: int = 1) -> int:
        """Layers of a circuit that hold a state while it trains.

        Args:
            qubits: of the circuit.
            blocks: in the circuit. Defaults to 1, an encoder.
        """
        shape = (self.depth, self.distance, self.entangled)
        return blocks * block_layers(qubits, *shape)

    def parameters(self, width: int, classes: int) -> int:
        """Parameters of the head, circuits and linear layer.

        `E (q C L + q) + B (Q C L + Q) + (Q_m + 1) classes` for encoders of q
        qubits and B blocks: two, or N + 1 where they share no weights.

        Args:
            width: of the embeddings.
            classes: the number of labels.
        """
        shape = (self.depth, self.distance, self.entangled)
        encoder = block_angles(self.qubits_of_encoders(width), *shape)
        blocks = (1 if self.share_weights else self.reuploads) + 1
        angles = self.encoders * encoder
        angles += blocks * block_angles(self.qubits, *shape)
        return angles + (self.readouts + 1) * classes

    def circuit_runs(self, sequence_length: int) -> int:
        return 1


SYSTEM = System(
    name="quantum-head",
    task="classification",
    options=QuantumHeadOptions,
    baselines={"linear": CIRCUIT_OPTIONS, "mlp": RUN_OPTIONS},
    model="tfq_hybrid.models.quantum_head.build",
    tasks={"regression": (), "multi-label": ()},
    recipe="tfq_hybrid.models.quantum_head.recipe:RECIPE",
)
