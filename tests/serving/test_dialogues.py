"""Models of dialogues: the run, its export and a server give one answer."""

import json

import keras_hub
import numpy as np
import pytest
import tensorflow as tf

from tests.adapters.zoo import make_backbone
from tests.bases.test_chat_tokenizer import tokenizer_of
from tests.cli.test_main import run
from tests.serving.local import serving
from tests.serving.zoo import make_language_model
from tfq_hybrid.bases.chat_tokenizer import ChatCausalLMPreprocessor
from tfq_hybrid.cli.main import main
from tfq_hybrid.data import encode_prompt, tokens_around
from tfq_hybrid.errors import UserError
from tfq_hybrid.models import HyQuTTokenizer
from tfq_hybrid.serving import Answer, Predictor, answer_of, export
from tfq_hybrid.serving.sampling import text_function
from tfq_hybrid.serving.server import Limits
from tfq_hybrid.serving.server.app import make_app
from tfq_hybrid.serving.server.servable import load_servables
from tfq_hybrid.serving.streaming import TextStream, make_sampler
from tfq_hybrid.training import load_trained

LENGTH = 64
GREEDY = make_sampler(greedy=True)
PROMPTS = ["hello 12", "", "\n\n  é 中", "<|im_end|> now"]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A random Llama that writes ChatML, with a system turn."""
    tokenizer = tokenizer_of(tmp_path_factory.mktemp("gguf"))
    preprocessor = ChatCausalLMPreprocessor(tokenizer, LENGTH)
    backbone = make_backbone(
        "Llama 3", vocabulary_size=tokenizer.vocabulary_size()
    )
    generator = np.random.default_rng(2)
    for variable in backbone.weights:  # so that its words vary
        noise = 0.5 * generator.normal(size=variable.shape)
        variable.assign_add(noise.astype("float32"))
    return keras_hub.models.Llama3CausalLM(backbone, preprocessor)


def streamed(stream, prompt, length):
    """The answer of a `TextStream`, and how many tokens it has."""
    said = len(stream.tokenizer.tokenize(prompt))
    pieces = [*stream(prompt, length - said, GREEDY)]
    return "".join(piece.text for piece in pieces), len(pieces)


@pytest.fixture(scope="module")
def serve(model):
    """What is traced for `serve`."""
    return text_function(model, model.preprocessor, is_dialogue=True)


def asked(serve, prompts, length):
    """The answers to prompts."""
    one = np.ones(len(prompts), "int32")
    found = serve(tf.constant(prompts), length * one, one.astype("f"), one, one)
    return [
        text.decode("utf-8", "replace") if isinstance(text, bytes) else text
        for text in np.array(found["text"]).tolist()
    ]


def test_around_what_a_user_says(model):
    for tokenizer in (
        model.preprocessor.tokenizer,
        HyQuTTokenizer.from_merges(["h i"]),
    ):
        before, after = tokens_around(tokenizer)
        for prompt in PROMPTS:
            said = [*tokenizer.tokenize(prompt)]
            expected = encode_prompt([("user", prompt)], tokenizer)
            assert [*before, *said, *after] == expected


def test_a_graph_answers_as_the_stream(model, serve):
    found = asked(serve, PROMPTS, 18)
    stream = TextStream(model, "dialogue")
    expected = [streamed(stream, prompt, 18) for prompt in PROMPTS]
    assert found == [text for text, _ in expected]
    assert sum(count > 3 for _, count in expected) > 1
    # Of fewer than the prompt has:
    assert asked(serve, PROMPTS[:1], 2) == [""]


def test_no_room_for_an_answer_is_refused(model, serve):
    before, after = tokens_around(model.preprocessor.tokenizer)
    free = LENGTH - len(before) - len(after)
    assert len(asked(serve, ["!" * (free - 1)], 999)) == 1
    most = f"at most {free - 1} tokens"
    with pytest.raises(tf.errors.InvalidArgumentError, match=most):
        asked(serve, ["!" * free], 999)
    short = ChatCausalLMPreprocessor(model.preprocessor.tokenizer, LENGTH)
    short.sequence_length = LENGTH - free + 1
    with pytest.raises(UserError, match="chat format itself takes"):
        text_function(model, short, is_dialogue=True)


def test_an_empty_prompt_of_plain_text(model):
    """Of a tokenizer whose texts have no start token: one stands alone."""
    serve = text_function(model, model.preprocessor)
    one = np.ones(2, "int32")
    prompts = tf.constant(["hello", ""])
    found = serve(prompts, 9 * one, one.astype("f"), one, one)["text"]
    stream = TextStream(model)
    for prompt, text in zip(["hello", ""], np.array(found), strict=True):
        count = max(1, len(model.preprocessor.tokenizer.tokenize(prompt)))
        pieces = stream(prompt, 9 - count, GREEDY)
        expected = prompt + "".join(piece.text for piece in pieces)
        shown = text if isinstance(text, str) else text.decode(errors="replace")
        assert shown == expected


def test_only_a_language_model_answers_dialogues(model, tmp_path):
    with pytest.raises(UserError, match="of a language model is 'dialogue'"):
        export(model, tmp_path / "a", answer=Answer("regression"))
    gpt2 = make_language_model("GPT-2")  # its tokenizer has no chat format
    with pytest.raises(UserError, match="how a dialogue is written"):
        export(gpt2, tmp_path / "a", answer=Answer("dialogue"))
    assert not (tmp_path / "a").exists()


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A finished run of dialogues."""
    folder = tmp_path_factory.mktemp("run")
    rows = [{"prompt": f"say {word}", "answer": word} for word in "abcdefgh"]
    data = folder / "talk.jsonl"
    data.write_text("\n".join(map(json.dumps, rows * 4)))
    arguments = ["train", "--data", data, "--model", "hyqut", "--size", "tiny"]
    arguments += ["--vocabulary-size", 270, "--sequence-length", 24]
    arguments += ["--baseline", "dense", "--learning-rate", 0.01, "--json"]
    main([str(a) for a in (*arguments, "--output", folder / "run")])
    return folder / "run"


@pytest.mark.long
def test_all_ways_give_one_answer(trained, tmp_path, capsys):
    model, _ = load_trained(trained)
    prompts = ["say a", "say é"]
    stream = TextStream(model, "dialogue")
    expected = [
        "".join(p.text for p in stream(each, None, GREEDY)) for each in prompts
    ]
    assert len({*expected, ""}) > 1
    code, out, err = run(capsys, "export", trained, "--output", tmp_path / "m")
    assert code == 0, err
    assert "Name three primary colours." in out
    card = next(tmp_path.glob("m/1/MODEL_CARD.md")).read_text()
    assert "exported for dialogue" in card
    answer = answer_of(trained)
    assert answer == Answer("dialogue")
    of_model = Predictor.of_model(model, answer=answer)
    for ask in (of_model, Predictor(tmp_path / "m")):
        told = ask(prompts)
        assert [row["text"] for row in told] == expected
        assert [row["prompt"] for row in told] == prompts
        with pytest.raises(UserError, match="prompts of at most"):
            ask(["é" * 24])
    for path in (trained, tmp_path / "m"):
        code, out, _ = run(capsys, "predict", path, *prompts, "--json")
        assert code == 0
        assert [row["text"] for row in json.loads(out)] == expected
        code, out, _ = run(capsys, "predict", path, prompts[0])
        assert out == f"{expected[0]}\n"
    limits = Limits()
    _, versions = load_servables(tmp_path / "m")
    app = make_app("m", versions, limits, lambda **event: None)
    with serving(limits, app) as server:
        row = {"max_length": 64, "temperature": 1.0, "top_k": 1, "seed": 0}
        rows = [{"prompt": prompt, **row} for prompt in prompts]
        status, told = server.ask({"instances": rows})
        assert (status, told["predictions"]) == (200, expected)
        status, told = server.ask({"instances": [{"prompt": "é" * 24, **row}]})
        assert status == 400 and "at most" in told["error"]
