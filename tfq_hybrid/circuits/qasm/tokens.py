"""The words of an OpenQASM text, with the line of each."""

import re
from collections.abc import Sequence
from typing import NoReturn

from tfq_hybrid.errors import UserError

_TOKEN = re.compile(
    r"[ \t\r\f\v]+|\n|//[^\n]*"
    r'|"[^"\n]*"'
    r"|(?:[0-9][0-9_]*+(?:\.[0-9_]*+)?|\.[0-9][0-9_]*+)(?:[eE][+-]?[0-9]++)?"
    r"|[^\W\d]\w*+|\$[0-9]+"
    r"|->|==|!=|<=|>=|&&|\|\||\*\*|[\[\](){};,@=<>!+\-*/^:#|&~%]"
)


def fail(expected: object, received: object, line: int) -> UserError:
    """The error of a line."""
    return UserError(
        f"Expected {expected}. Received: {received} in line {line}"
    )


class Tokens:
    """A sequence of tokens that is read from left to right.

    Args:
        items: the tokens.
        lines: the line of each.
    """

    def __init__(self, items: Sequence[str], lines: Sequence[int]):
        self.items = items
        self.lines = lines
        self.place = 0

    @property
    def line(self) -> int:
        """The line of the token that comes, or of the last one."""
        if not self.items:
            return 1
        return self.lines[min(self.place, len(self.items) - 1)]

    @property
    def is_done(self) -> bool:
        """Whether nothing is left."""
        return self.place >= len(self.items)

    def peek(self, ahead: int = 0) -> str:
        """A token that comes, or an empty text."""
        place = self.place + ahead
        return self.items[place] if place < len(self.items) else ""

    def next(self, expected: str) -> str:
        """Takes the token that comes, whatever it is."""
        if self.is_done:
            raise fail(expected, "the end of the text", self.line)
        self.place += 1
        return self.items[self.place - 1]

    def take(self, *choices: str) -> str | None:
        """Takes the token that comes if it is one of the choices."""
        token = self.peek()
        if token not in choices or self.is_done:
            return None
        self.place += 1
        return token

    def expect(self, token: str) -> None:
        """Takes a token, which must come."""
        if self.take(token) is None:
            self.refuse(repr(token))

    def refuse(self, expected: str) -> NoReturn:
        """Raises an error about the token that comes."""
        received = repr(self.peek()[:100]) if not self.is_done else "the end"
        raise fail(expected, received, self.line)

    def name(self, expected: str = "a name") -> str:
        """Takes an identifier."""
        token = self.peek()
        if not token or not (token[0].isalpha() or token[0] == "_"):
            self.refuse(expected)
        self.place += 1
        return token

    def integer(self, largest: int, expected: str = "an integer") -> int:
        """Takes an integer from 0 to the largest."""
        token = self.peek()
        digits = token.replace("_", "")
        if not digits.isascii() or not digits.isdigit() or len(digits) > 18:
            self.refuse(f"{expected} from 0 to {largest:,}")
        if int(digits) > largest:
            self.refuse(f"{expected} from 0 to {largest:,}")
        self.place += 1
        return int(digits)


def split(text: str) -> tuple[Tokens, dict[int, str]]:
    """The tokens of a text, and the comment that ends each line.

    Raises:
        UserError: a character belongs to no token.

    Example:

    >>> tokens, comments = split("h q[0];  // first")
    >>> tokens.items, comments
    (['h', 'q', '[', '0', ']', ';'], {1: 'first'})
    """
    items: list[str] = []
    lines: list[int] = []
    known: dict[str, str] = {}  # each word once in memory
    comments = {}
    place, line = 0, 1
    while place < len(text):
        if text.startswith("/*", place):
            end = text.find("*/", place + 2)
            if end < 0:
                raise fail("the end of a comment", "none", line)
            line += text.count("\n", place, end)
            place = end + 2
            continue
        match = _TOKEN.match(text, place)
        if match is None:
            raise fail("OpenQASM", repr(text[place]), line)
        token = match[0]
        place = match.end()
        if token == "\n":
            line += 1
        elif token.startswith("//"):
            comments[line] = token[2:].strip()
        elif not token[0].isspace():
            items.append(known.setdefault(token, token))
            lines.append(line)
    return Tokens(items, lines), comments
