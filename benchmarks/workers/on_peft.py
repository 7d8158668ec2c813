"""Runs a LoRA of ours in PEFT, and writes one of PEFT's own.

    python on_peft.py < REQUEST

The request is one JSON object: the `kind` of model of `transformers`, the
folders `base` and `ours`, where `theirs` and the arrays go, and of PEFT's own
the `config` and the `spread` of its weights. The answer, the versions of the
libraries, is one JSON object.
"""

import json
import sys

import numpy as np


def main():
    import peft
    import torch
    import transformers

    torch.set_grad_enabled(False)
    request = json.load(sys.stdin)
    kind = getattr(transformers, request["kind"])
    ids = torch.tensor(request["ids"])

    def base():
        return kind.from_pretrained(request["base"], dtype=torch.float32).eval()

    def outputs(model):
        found = model(ids, attention_mask=torch.ones_like(ids))
        return (found.logits if "logits" in found else found[0]).numpy()

    ours = peft.PeftModel.from_pretrained(base(), request["ours"]).eval()
    arrays = {"base": outputs(base()), "ours": outputs(ours)}
    arrays["ours_merged"] = outputs(ours.merge_and_unload())

    torch.manual_seed(0)
    config = peft.LoraConfig(**request["config"])
    theirs = peft.get_peft_model(base(), config).eval()
    for name, parameter in theirs.named_parameters():
        if "lora_" in name:
            parameter.copy_(request["spread"] * torch.randn_like(parameter))
    arrays["theirs"] = outputs(theirs)
    theirs.save_pretrained(request["theirs"])
    np.savez(request["arrays"], **arrays)
    versions = {m.__name__: m.__version__ for m in (peft, torch, transformers)}
    print(json.dumps(versions))


if __name__ == "__main__":
    main()
