"""Writes a random model of `transformers`, and what that computes with it.

    python on_transformers.py < REQUEST

The request is one JSON object; see `benchmarks.references.request_of`. The
model goes into its `folder`, where the files of the tokenizer are already, and
the arrays into `arrays.npz` beside it. The answer, the versions of the
libraries, is one JSON object.
"""

import json
import pathlib
import sys

import numpy as np

# The padding of a batch: any token, since a mask hides it.
PADDING = 1


def random_model(request):
    """A model whose biases and scales are random too."""
    import torch
    import transformers

    config = transformers.AutoConfig.for_model(
        request["model_type"], **request["config"]
    )
    torch.manual_seed(request["seed"])
    model = transformers.AutoModelForCausalLM.from_config(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim == 1:
                parameter.add_(0.2 * torch.randn_like(parameter))
    return model.to(getattr(torch, request["dtype"]))


def random_batch(request):
    """Token ids of texts of several lengths, and their padding mask."""
    lengths = np.array(request["lengths"])[:, None]
    shape = len(lengths), lengths.max()
    generator = np.random.default_rng(request["seed"])
    ids = generator.integers(0, request["config"]["vocab_size"], shape)
    mask = np.arange(shape[1]) < lengths
    return np.where(mask, ids, PADDING), mask


def compute(model, ids, mask, prompt):
    """The logits, and the ids of greedy decoding after each prompt."""
    import torch
    import transformers

    inputs, hidden = torch.tensor(ids), torch.tensor(mask.astype("int64"))
    logits = model(inputs, attention_mask=hidden).logits
    settings = transformers.GenerationConfig(
        do_sample=False, max_length=ids.shape[1], pad_token_id=PADDING
    )
    generated = []
    for row, length in zip(inputs, prompt, strict=True):
        begin = row[None, :length]
        # Without a mask it would take the padding's token for padding.
        tokens = model.generate(
            begin,
            attention_mask=torch.ones_like(begin),
            generation_config=settings,
        )
        generated.append(tokens[0])
    return logits.numpy(), np.stack([row.numpy() for row in generated])


def main():
    import torch
    import transformers

    torch.set_grad_enabled(False)
    request = json.load(sys.stdin)
    folder = pathlib.Path(request["folder"])
    model = random_model(request)
    model.save_pretrained(folder)
    ids, mask = random_batch(request)
    logits, generated = compute(model.float(), ids, mask, request["prompt"])
    tokenizer = transformers.GPT2Tokenizer.from_pretrained(folder)
    np.savez(
        folder.parent / "arrays.npz",
        ids=ids,
        mask=mask,
        logits=logits,
        generated=generated,
        text=np.array(tokenizer(request["text"])["input_ids"]),
    )
    print(
        json.dumps(
            {
                "torch": torch.__version__,
                "transformers": transformers.__version__,
                "parameters": model.num_parameters(),
            }
        )
    )


if __name__ == "__main__":
    main()
