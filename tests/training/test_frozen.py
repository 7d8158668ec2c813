"""Training above frozen blocks: as if they ran in every step."""

import keras
import keras_hub
import numpy as np
import pytest

from tests.presets import save_bert
from tfq_hybrid import adapters
from tfq_hybrid.adapters import blocks, states
from tfq_hybrid.encoders.pooled import PooledTextClassifier
from tfq_hybrid.encoders.tokens import TokenClassifier
from tfq_hybrid.models import HybridTextClassifier
from tfq_hybrid.training import TrainConfig, frozen, train

WORDS = "the plot music is was not good bad"
TEXTS = [
    f"the {noun} {verb} {adjective}"
    for adjective in ("good", "bad", "not good", "not bad")
    for noun in ("plot", "music")
    for verb in ("is", "was")
]
LABELS = [0, 1, 1, 0]  # of each adjective

ABOVE = (2,)  # the last of three blocks
METHODS = {
    "BottleneckAdapter": adapters.BottleneckAdapter(layers=ABOVE, width=2),
    "FullFineTuning": adapters.FullFineTuning(layers=ABOVE),
    "HeadOnly": adapters.HeadOnly(),
    "LoRA": adapters.LoRA(layers=ABOVE, rank=2),
    "PrefixTuning": adapters.PrefixTuning(layers=ABOVE, length=2),
    "QuantumAdapter": adapters.QuantumAdapter(layers=ABOVE),
    "ReplaceDense": adapters.ReplaceDense(
        layers=ABOVE, targets="all-ffn", freeze=True
    ),
    "SoRA": adapters.SoRA(layers=ABOVE, rank=2),
}


@pytest.fixture(scope="module")
def preset(tmp_path_factory):
    """A BERT of three blocks, with much dropout."""
    folder = tmp_path_factory.mktemp("bert")
    save_bert(folder, WORDS, num_layers=3, dropout=0.5)
    return folder


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "data.tsv"
    rows = zip(TEXTS, np.repeat(LABELS, 4), strict=True)
    lines = ["text\tlabel", *(f"{text}\t{label}" for text, label in rows)]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


@pytest.fixture
def tokens(preset):
    return classifier(preset).preprocessor(TEXTS)


def classifier(preset):
    keras.utils.set_random_seed(3)
    return PooledTextClassifier.from_base(str(preset), 2)


def fitted(model, inputs):
    """What a model gives after two epochs, the same order in each."""
    model.preprocessor = None
    model.compile(
        keras.optimizers.Adam(0.02),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        run_eagerly=True,  # a step takes less than its tracing
    )
    before = model(inputs).numpy()
    keras.utils.set_random_seed(5)
    model.fit(
        inputs, np.repeat(LABELS, 4), 8, epochs=2, shuffle=False, verbose=0
    )
    return before, model(inputs).numpy()


def with_states(model, tokens, folder=None):
    count = blocks.frozen_blocks(model.backbone)
    found = states.states_of(model.backbone, count, tokens, folder)
    return {**tokens, blocks.key_of(count): found}


@pytest.mark.long
@pytest.mark.parametrize("name", adapters.METHODS)
def test_every_method_trains_above_states_as_from_tokens(name, preset, tokens):
    whole = adapters.adapt(classifier(preset), METHODS[name])
    above = adapters.adapt(classifier(preset), METHODS[name])
    inputs = with_states(above, tokens)
    assert blocks.blocks_in(inputs) == (3 if name == "HeadOnly" else 2)
    before, after = fitted(whole, tokens)
    others = fitted(above, inputs)
    np.testing.assert_allclose(others, (before, after), atol=1e-6)
    assert np.abs(after - before).max() > 1e-3


@pytest.mark.long
def test_a_frozen_encoder_is_a_frozen_block(preset, tokens):
    def make():
        keras.utils.set_random_seed(3)
        return HybridTextClassifier.from_base(str(preset), 2)

    above = make()
    inputs = with_states(above, tokens)
    assert blocks.blocks_in(inputs) == 3
    expected = fitted(make(), tokens)
    np.testing.assert_allclose(fitted(above, inputs), expected, atol=1e-6)


@pytest.mark.long
def test_words_are_labelled_above_states_as_from_tokens(preset, tokens):
    """A label for each token, of those that are no padding."""
    weights = tokens["padding_mask"].numpy().astype("float32")
    labels = tokens["token_ids"].numpy() % 2

    def trained(is_above):
        keras.utils.set_random_seed(3)
        bert = keras_hub.models.BertBackbone.from_preset(str(preset))
        model = TokenClassifier.from_base(bert, 2)
        model = adapters.adapt(model, METHODS["LoRA"])
        model.compile(
            keras.optimizers.Adam(0.02),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            run_eagerly=True,
        )
        inputs = with_states(model, tokens) if is_above else tokens
        assert (blocks.blocks_in(inputs) == 2) == is_above
        keras.utils.set_random_seed(5)
        model.fit(
            inputs, labels, 8, shuffle=False, verbose=0, sample_weight=weights
        )
        return model(inputs).numpy()

    np.testing.assert_allclose(trained(True), trained(False), atol=1e-6)


def test_nothing_is_frozen_below_what_trains(preset):
    assert blocks.frozen_blocks(classifier(preset).backbone) == 0
    first = adapters.LoRA(rank=2, layers=0)
    model = adapters.adapt(classifier(preset), first)
    assert blocks.frozen_blocks(model.backbone) == 0
    bert = classifier(preset).backbone
    bert.trainable = False
    assert blocks.frozen_blocks(bert) == 3
    bert.position_embedding.trainable = True
    assert blocks.frozen_blocks(bert) == 0


@pytest.mark.long
def test_kept_states_are_read_where_all_is_the_same(
    preset, tokens, tmp_path, monkeypatch
):
    bert = adapters.adapt(classifier(preset), METHODS["LoRA"]).backbone
    found = states.states_of(bert, 2, tokens, tmp_path)
    (path,) = tmp_path.iterdir()
    # Another method above the same blocks finds them.
    other = adapters.adapt(classifier(preset), METHODS["SoRA"]).backbone
    with monkeypatch.context() as patch:
        patch.setattr(states, "_computed", None)
        again = states.states_of(other, 2, tokens, tmp_path)
    np.testing.assert_array_equal(again, found)

    # Half a file is none.
    path.write_bytes(path.read_bytes()[:-4])
    np.testing.assert_array_equal(
        states.states_of(bert, 2, tokens, tmp_path), found
    )
    # Other blocks, texts or weights are another file.
    states.states_of(bert, 1, tokens, tmp_path)
    fewer = {name: rows[:4] for name, rows in tokens.items()}
    states.states_of(bert, 2, fewer, tmp_path)
    embeddings = bert.token_embedding.embeddings
    embeddings.assign(embeddings[::-1])
    changed = states.states_of(bert, 2, tokens, tmp_path)
    assert len(list(tmp_path.iterdir())) == 4
    assert np.abs(changed - found).max() > 1e-3


@pytest.mark.long
@pytest.mark.parametrize("folder", [None, "states"])
def test_a_run_is_as_without(folder, preset, data, tmp_path, monkeypatch):
    config = TrainConfig(
        data=str(data),
        validation_data=str(data),
        epochs=2,
        batch_size=8,
        sequence_length=12,
        seed=1,
        options={
            "preset": str(preset),
            "adapter": {"method": "LoRA", "layers": [2], "rank": 2},
        },
    )
    said = []
    given = folder and tmp_path / folder
    found = train(
        config, tmp_path / "a", verbose=0, report=said.append, states=given
    )
    assert (
        "The lower 2 of 3 blocks are frozen: their outputs are computed "
        "once, 12 KiB" in said
    )
    assert given is None or len(list(given.iterdir())) == 1  # the same texts
    monkeypatch.setattr(frozen, "LARGEST", 0)
    expected = train(config, tmp_path / "b", verbose=0, report=said.append)
    assert (
        "The lower 2 of 3 blocks are frozen, but run in every step: their "
        "outputs would take 12 KiB" in said
    )
    for one, other in zip(found["history"], expected["history"], strict=True):
        assert one == pytest.approx(other, rel=1e-5, abs=1e-6)
