"""The chat templates of model files that are recognised, by their text.

A template is a program in Jinja. None is run: one that is known word for word
has its `ChatFormat` here.
"""

import re
from collections.abc import Sequence

from tfq_hybrid.data.dialogues import ChatFormat

_SYSTEM = re.compile(
    r"\{% if loop\.first and messages\[0\]\['role'\] != 'system' %\}"
    r"\{\{ '(<\|im_start\|>system\n[^'\\{}]*<\|im_end\|>\n)' \}\}"
    r"\{% endif %\}"
)
_CHATML = (
    "{% for message in messages %}"
    "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + "
    "'<|im_end|>' + '\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
_LLAMA3_TURNS = (
    "{% set loop_messages = messages %}{% for message in loop_messages %}"
    "{% set content = '<|start_header_id|>' + message['role'] + "
    "'<|end_header_id|>\n\n'+ message['content'] | trim + '<|eot_id|>' %}"
    "{% if loop.index0 == 0 %}{% set content = bos_token + content %}"
    "{% endif %}{{ content }}{% endfor %}"
)
_LLAMA3_ANSWER = "{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}"
_LLAMA3 = (
    _LLAMA3_TURNS + _LLAMA3_ANSWER,
    f"{_LLAMA3_TURNS}{{% if add_generation_prompt %}}{_LLAMA3_ANSWER}"
    "{% endif %}",
)
ROLES = ("user", "assistant")
_LOOP = "{% for message in messages %}"
_CHATML_TURN, _LLAMA3_TURN = (
    "<|im_start|>{}\n",
    "<|start_header_id|>{}<|end_header_id|>\n\n",
)


def chat_of(template: str, special: Sequence[str]) -> ChatFormat | None:
    """The format that a chat template writes, where it is a known one.

    These are ChatML, with or without a default system turn, which every
    dialogue then begins with, and that of Llama 3, whose start token is the
    tokenizer's matter.

    Args:
        template: text in Jinja.
        special: the special tokens of the vocabulary. Without those of the
            format there is none.

    Example:

    >>> chat = chat_of(_CHATML, ["<|im_start|>", "<|im_end|>"])
    >>> chat.prompt([("user", "Hi")])
    '<|im_start|>user\\nHi<|im_end|>\\n<|im_start|>assistant\\n'
    """
    template = template.replace("\\n", "\n").strip()
    system = _SYSTEM.search(template)
    if _SYSTEM.sub("", template, 1) == _CHATML:
        tokens = {"<|im_start|>", "<|im_end|>"}
        before, after = _CHATML_TURN, "<|im_end|>\n"
    elif template in _LLAMA3:
        tokens = {"<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"}
        before = _LLAMA3_TURN
        after = "<|eot_id|>"
    else:
        return None
    if not tokens <= {*special}:
        return None
    return ChatFormat(
        system[1] if system else "",
        {role: before.format(role) for role in ROLES},
        dict.fromkeys(ROLES, after),
    )


def template_of(chat: ChatFormat) -> str:
    """The chat template that a format was recognised by, or one like it.

    >>> turns = {role: f"<|im_start|>{role}\\n" for role in ROLES}
    >>> chat = ChatFormat("", turns, dict.fromkeys(ROLES, "<|im_end|>\\n"))
    >>> chat_of(template_of(chat), ["<|im_start|>", "<|im_end|>"]) == chat
    True
    """
    if chat.before["user"] == _LLAMA3_TURN.format("user"):
        return _LLAMA3[1]
    if not chat.start:
        return _CHATML
    first = "{% if loop.first and messages[0]['role'] != 'system' %}"
    system = f"{first}{{{{ '{chat.start}' }}}}{{% endif %}}"
    return _CHATML.replace(_LOOP, _LOOP + system, 1)
