"""Where in a command of the shell one stands: within which quotes, substitutions, comments and here-documents."""

from __future__ import annotations

import re

_PLAIN, _SINGLE, _DOUBLE, _BACK, _ROUND, _SUM, _COMMENT, _DOCUMENT = "", "'", '"', "`", "(", "((", "#", "<<"
_HERE = re.compile(r"<<(?!<)(?P<tabs>-?)[ \t]*(?P<word>(?:[^\s;&|<>()'\"\\]|\\.|'[^']*'|\"[^\"]*\")+)")
_ENDS_A_WORD = " \t\n;&|("


class Quoting:
    """Reads a command from its beginning on, piece by piece."""

    def __init__(self) -> None:
        self._within = [_PLAIN]
        self._before = "\n"
        self._documents: list[tuple[str, bool, bool]] = []  # the word that ends each, whether tabs stand before it, whether it is quoted
        self._line = ""

    def around(self, variable: str) -> str:
        """``variable`` as it is to stand here, where it is one word, or a part of one. Raises ``ValueError`` where it cannot be."""
        top = self._within[-1]
        self._before = "x"
        self._line += "\0"
        if top == _DOCUMENT and self._documents[0][2]:
            raise ValueError(f"a reference stands in a here-document whose word is quoted: write <<{self._documents[0][0]}")
        if top == _SINGLE:
            return f"'\"{variable}\"'"
        return variable if top in (_DOUBLE, _SUM, _DOCUMENT) else f'"{variable}"'

    def read(self, text: str) -> None:
        """Go on behind ``text``."""
        at = 0
        while at < len(text):
            width = self._step(text, at)
            self._before = text[at + width - 1 : at + width] or self._before
            at += width

    def _step(self, text: str, at: int) -> int:
        """Take notice of what stands at ``at``; how many letters that are."""
        letter, top = text[at], self._within[-1]
        if top == _DOCUMENT:
            return self._in_document(letter)
        if top == _COMMENT and letter != "\n":
            return 1
        if top == _SINGLE:
            return self._left(letter == "'")
        if letter == "\\":
            return 2
        if letter == _BACK:
            self._at_back()
        elif text.startswith("$((", at):
            return self._entered(_SUM, 3)
        elif top == _SUM:
            return self._left(text.startswith("))", at), 2)
        elif text.startswith("$(", at):
            return self._entered(_ROUND, 2)
        elif top == _DOUBLE:
            return self._left(letter == '"')
        else:
            return self._outside(text, at)
        return 1

    def _outside(self, text: str, at: int) -> int:
        """The same outside of quotes."""
        letter, top = text[at], self._within[-1]
        here = _HERE.match(text, at)
        if here is not None:
            word = here["word"]
            self._documents.append((re.sub(r"[\\'\"]", "", word), bool(here["tabs"]), any(sign in word for sign in "\\'\"")))
            return len(here.group())
        if letter == "\n":
            self._left(top == _COMMENT)
            if self._documents:
                self._line = ""
                return self._entered(_DOCUMENT, 1)
        elif letter in "'\"(" or (letter == "#" and self._before in _ENDS_A_WORD):
            return self._entered(letter, 1)
        elif letter == ")":
            return self._left(top == _ROUND)
        return 1

    def _in_document(self, letter: str) -> int:
        word, tabs, _ = self._documents[0]
        if letter != "\n":
            self._line += letter
        else:
            if (self._line.lstrip("\t") if tabs else self._line) == word:
                self._documents.pop(0)
                self._left(not self._documents)
            self._line = ""
        return 1

    def _at_back(self) -> None:
        """A substitution in backquotes ends, with all that was opened in it, or begins."""
        if _BACK in self._within:
            while self._within.pop() != _BACK:
                pass
        else:
            self._within.append(_BACK)

    def _entered(self, kind: str, width: int) -> int:
        self._within.append(kind)
        return width

    def _left(self, leaves: bool, width: int = 1) -> int:
        if not leaves:
            return 1
        self._within.pop()
        return width
