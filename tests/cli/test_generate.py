"""`train --model hyqut`, `evaluate` and `generate` on the command line."""

import json

import pytest

from tests.cli.test_main import run
from tfq_hybrid.cli.main import main
from tfq_hybrid.errors import UserError
from tfq_hybrid.models import HyQuTTokenizer
from tfq_hybrid.serving.streaming import TextStream, make_sampler, pieces_of
from tfq_hybrid.training import load_trained

LINES = ["The cat sat on the mat.", "Der Bär aß süß.", "猫坐在垫子上。"]
SMALL = ["--model", "hyqut", "--size", "tiny", "--vocabulary-size", 300]
SMALL += ["--sequence-length", 32, "--batch-size", 4, "--learning-rate", 0.02]
CIRCUIT = ["--qubits", 2, "--depth", 1]


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    path = tmp_path_factory.mktemp("text") / "text.txt"
    path.write_text("\n".join(LINES * 30), "utf-8")
    return path


@pytest.fixture(scope="module")
def trained(text):
    """A finished run."""
    path = text.parent / "run"
    arguments = ["train", "--data", text, *SMALL, *CIRCUIT, "--epochs", 6]
    main([str(a) for a in (*arguments, "--output", path, "--json")])
    return path


@pytest.fixture(scope="module")
def answering(text):
    """A finished run of dialogues."""
    rows = [{"prompt": line[:5], "answer": line[5:]} for line in LINES * 9]
    data = text.parent / "talk.jsonl"
    data.write_text("\n".join(map(json.dumps, rows)))
    path = text.parent / "answering"
    arguments = ["train", "--data", data, *SMALL, "--baseline", "dense"]
    main([str(a) for a in (*arguments, "--output", path, "--json")])
    return path


@pytest.mark.long
def test_streamed_is_what_generate_gives(trained):
    model, _ = load_trained(trained)
    model.compile(sampler="greedy")
    stream = TextStream(model)
    for prompt in ("The cat", "Der", "猫", ""):
        pieces = list(stream(prompt, sampler=make_sampler(greedy=True)))
        whole = prompt + "".join(piece.text for piece in pieces)
        assert whole == model.generate(prompt)
        assert sum(piece.token is not None for piece in pieces) > 1
    # With XLA, too.
    fast = TextStream(model, jit_compile=True)
    assert list(fast("", 9, make_sampler(greedy=True))) == pieces[:9]


def test_letters_come_whole(trained):
    model, _ = load_trained(trained)
    pieces = list(TextStream(model)("", sampler=make_sampler(seed=3)))
    text = "".join(piece.text for piece in pieces)
    tokens = [piece.token for piece in pieces if piece.token is not None]
    # The same as of all tokens at once, but that none is split.
    assert text == model.preprocessor.tokenizer.detokenize(tokens)
    # Bytes are held back until they make a letter, or cannot.
    tokenizer = HyQuTTokenizer.from_merges(["h i"])
    tokens = tokenizer.tokenize("a猫ß")
    texts = [piece.text for piece in pieces_of(tokens, tokenizer)]
    assert texts == ["a", "", "", "猫", "", "ß"]
    cut = pieces_of([*tokens[:3], tokenizer.end_token_id], tokenizer)
    assert [piece.text for piece in cut] == ["a", "", "", "", "\ufffd"]


@pytest.mark.long
def test_generate_prints_and_tells(trained, capsys):
    common = ["generate", trained, "The", "--max-new-tokens", 6]
    code, out, _ = run(capsys, *common, "--greedy")
    assert code == 0
    assert out.startswith("The")
    code, told, _ = run(capsys, *common, "--greedy", "--json")
    told = json.loads(told)
    assert code == 0
    assert f"{told['prompt']}{told['text']}\n" == out
    assert 1 <= told["tokens"] <= 6
    drawn = []
    for seed in (1, 1, 2):
        options = ["--seed", seed, "--temperature", 5.0, "--json"]
        _, out, _ = run(capsys, *common, *options)
        drawn.append(json.loads(out)["text"])
    assert drawn[0] == drawn[1] != drawn[2]


@pytest.mark.long
def test_narrow_sampling_is_greedy(trained, capsys):
    common = ["generate", trained, "Der", "--max-new-tokens", 5, "--json"]
    texts = set()
    for options in (
        ["--greedy"],
        ["--top-k", 1, "--seed", 1],
        ["--top-p", 1e-9, "--seed", 2],
        ["--temperature", 1e-4, "--seed", 3],
    ):
        code, out, err = run(capsys, *common, *options)
        assert code == 0, err
        texts.add(json.loads(out)["text"])
    assert len(texts) == 1


@pytest.mark.long
def test_a_dialogue_is_answered(answering, capsys):
    model, _ = load_trained(answering)
    stream = TextStream(model, "dialogue")
    tokenizer = model.preprocessor.tokenizer
    first, second, *asked, last = stream.encode("The c")
    assert (first, second, last) == (1, 2, 3)
    assert tokenizer.detokenize(asked) == "The c"
    code, out, _ = run(capsys, "generate", answering, "The c", "--greedy")
    assert code == 0
    pieces = list(stream("The c", sampler=make_sampler(greedy=True)))
    assert out == "".join(piece.text for piece in pieces) + "\n"


@pytest.mark.long
def test_evaluate_prints_the_perplexity(trained, text, capsys):
    common = ["evaluate", trained, "--data", text]
    code, out, _ = run(capsys, *common, "--json")
    result = json.loads(out)
    assert code == 0
    names = {"tokens", "loss", "perplexity", "accuracy", "unigram_loss"}
    assert set(result) == names
    code, out, _ = run(capsys, *common)
    assert f"perplexity {result['perplexity']:.2f}" in out


@pytest.mark.long
def test_train_says_what_it_trains(text, tmp_path, capsys):
    train = ["train", "--data", text, *SMALL, "--targets", "gate"]
    train += ["--circuit", "hyqut_pairwise", "--layers", "1"]
    code, out, _ = run(capsys, *train, "--output", tmp_path / "run")
    assert code == 0
    # 16 features to 20, 40 angles, 10 observables to 32.
    assert f"quantum matrices: {17 * 20 + 40 + 11 * 32} of" in out
    assert "1 circuits of 40 angles" in out
    assert "perplexity" in out
    assert f"tfq-hybrid generate {tmp_path / 'run'}" in out


def test_an_export_answers_as_generate_does(trained, tmp_path, capsys):
    output = tmp_path / "export"
    assert run(capsys, "export", trained, "--output", output)[0] == 0
    code, answer, _ = run(capsys, "predict", output, "The cat", "--json")
    assert code == 0
    code, of_run, _ = run(capsys, "predict", trained, "The cat", "--json")
    assert code == 0
    assert json.loads(of_run) == json.loads(answer)
    model, _ = load_trained(trained)
    model.compile(sampler="greedy")
    assert json.loads(answer)[0]["text"] == model.generate("The cat")


TRAIN = ["train", "--output", "OUT", "--data", "TEXT", "--model", "hyqut"]
BAD = [
    (["generate", "nowhere", "a"], "folder of a run"),
    (["generate", "RUN"], "PROMPT"),
    (["generate", "RUN", "a", "--max-new-tokens", "0"], "valid value is 1"),
    (["generate", "RUN", "a", "--max-new-tokens", "99"], "valid value is 30"),
    (["generate", "RUN", "a " * 40], "fewer than 32 tokens"),
    (["generate", "RUN", "caf\udce9"], "UTF-8"),
    (["generate", "RUN", "a", "--temperature", "0"], "temperature"),
    (["generate", "RUN", "a", "--top-k", "0"], "top_k"),
    (["generate", "RUN", "a", "--top-k", "301"], "valid value is 300"),
    (["generate", "RUN", "a", "--top-p", "2"], "top_p"),
    (["generate", "RUN", "a", "--greedy", "--top-k", "3"], "no effect"),
    (["evaluate", "RUN", "--data", "nowhere.txt"], "nowhere.txt"),
    ([*TRAIN, "--size", "9m"], "Did you mean '8m'"),
    ([*TRAIN, "--targets", "qurey"], "Did you mean 'query'"),
    ([*TRAIN, "--tokens", "cls"], "--tokens needs --model qffn-bert"),
    ([*TRAIN, "--adapter", "LoRA"], "--adapter needs --model adapted"),
    ([*TRAIN, "--label-names", "a,b"], "no --label-names with --model hyqut"),
    ([*TRAIN, "--weight-decay", "0.1"], "with --optimizer adam"),
    (
        [*TRAIN, "--baseline", "dense", "--depth", "2"],
        "--circuit.depth with --baseline",
    ),
    ([*TRAIN, "--baseline", "bottleneck", "--engine", "tfq"], "no --engine"),
    ([*TRAIN, "--vocabulary-size", "260"], "valid value is 261"),
    (["train", "--output", "OUT", "--data", "TEXT", "--size", "8m"], "--size"),
]


@pytest.mark.parametrize("arguments,message", BAD, ids=lambda v: str(v)[-40:])
def test_bad_input(arguments, message, trained, text, tmp_path, capsys):
    names = {"OUT": tmp_path / "out", "RUN": trained, "TEXT": text}
    code, out, err = run(capsys, *(names.get(a, a) for a in arguments))
    assert code == 2
    assert message in err
    assert len(err.strip().splitlines()) == 1
    assert "Traceback" not in out + err
    assert not (tmp_path / "out").exists()


def test_seeds_are_checked():
    with pytest.raises(UserError, match="seed"):
        make_sampler(seed=-1)
