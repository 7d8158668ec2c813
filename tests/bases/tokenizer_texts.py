"""A hundred texts that tokenizers split in different ways."""

import random

WRITTEN = [
    "",
    " ",
    "\n",
    "\n\n",
    " \n \n ",
    "\t\tx",
    "  x",
    "x  ",
    "2024",
    "a 12345",
    "3.14159 and 1,000,000",
    "In 1999, 12 of 365 days",
    "٣٤٥ ½ Ⅷ",
    "don't",
    "DON'T WE'LL I'M",
    "it's they're I've he'd",
    "'s 's  's",
    "‘quoted’ “text”",
    "é",
    "e\u0301",
    "Café naïve Straße Ångström",
    "😀",
    "👩‍👩‍👧‍👦 family 🇫🇷",
    "中文分词测试",
    "日本語のテキスト、句読点。",
    "한국어 문장입니다.",
    "Привет, мир!",
    "مرحبا بالعالم",
    "नमस्ते दुनिया",
    "สวัสดีชาวโลก",
    "def f(x):\n    return x**2 + 1  # square\n",
    "if (a<=b && c!=d) { x[0]++; }",
    "https://example.org/a?b=1&c=%20#top",
    "<p>Hello&nbsp;world</p>",
    "a\xa0b\u3000c\u2009d\u2028e",
    "zero\u200bwidth",
    "\r\nline\r\n\r\nline",
    "tab\there",
    "x\x04y \x1c z",
    "<|im_start|>user\nHi<|im_end|>\n",
    " <|im_end|> <|endoftext|>x",
    "<|im_end|><|im_end|> <|im_en|>",
    "$5+3=8 ~^| ...",
    "ſ'ſ K'S 'LL",
    "Once upon a time, there was a little girl named Lily.",
]
_PIECES = [
    *("a", "Word", "words", "é", "中", "😀", "1", "23", "2024", "½"),
    *(" ", "  ", "\n", "\n\n", "\t", "\r\n", "\xa0", "\u3000"),
    *("'s", "'LL", "'", ".", ",", "...", "-", "$", "<|im_end|>", "\u0301"),
]
_draw = random.Random(0)
TEXTS = WRITTEN + [
    "".join(_draw.choices(_PIECES, k=_draw.randint(2, 12)))
    for _ in range(100 - len(WRITTEN))
]
