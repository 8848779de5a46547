"""Patterns that are matched in a bounded time, whatever the line.

Python's matcher tries the ways in which a line can be divided among a pattern's repetitions one
after the other, and can't be interrupted. So a pattern is refused where there may be many of them:
where what is repeated also matches what may follow it. Inside a repetition that makes their number
grow exponentially with the line; outside, by a factor of the line's length each time, which two
may do: a line has at most :data:`LONGEST` characters.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import combinations
from re import _compiler, _constants, _parser  # type: ignore[attr-defined]  # how re reads a pattern
from typing import Any, Final

LONGEST: Final = 256
"""Characters of a line; a longer one is no line."""

_MOST: Final = 2  # repetitions that match what may follow them
_LENGTH: Final = 500  # characters of a pattern
_END: Final = -1
"""Among the characters that something may begin with: it may be empty."""

_Chars = frozenset[int]
_Items = Sequence[tuple[Any, Any]]  # of operation and argument, as re has them
_REPEATS: Final = (_constants.MAX_REPEAT, _constants.MIN_REPEAT, _constants.POSSESSIVE_REPEAT)
_GROUPS: Final = (_constants.SUBPATTERN, _constants.ATOMIC_GROUP)
_CHARACTERS: Final = (_constants.LITERAL, _constants.NOT_LITERAL, _constants.ANY, _constants.IN)
_KNOWN: Final = (*_REPEATS, *_GROUPS, *_CHARACTERS, _constants.BRANCH, _constants.AT)

_ADVICE: Final = (
    "a pattern in which nothing that is repeated also matches what may follow it, so that there "
    r"is one way to read a line: write \d+(?:\.\d+)? for \d+\.?\d*, and [^,]* for .*"
)


def compile_pattern(text: str) -> re.Pattern[str]:
    """Return a pattern for whole lines, compiled.

    Raises:
        ValueError: it is wrong, or could take too long; the message says what is accepted.
    """
    if len(text) > _LENGTH:
        raise ValueError(f"a pattern of at most {_LENGTH} characters")
    try:
        pattern = re.compile(text, re.ASCII)
        parsed = _parser.parse(text, re.ASCII)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"a regular expression of Python's re ({error})") from None
    if not pattern.groupindex:
        raise ValueError(r"a pattern with a named group for each channel, as R(?P<distance>\d{4})")
    if _Ambiguity(parsed.state).count(parsed, frozenset(), looped=False) > _MOST:
        raise ValueError(_ADVICE)
    return pattern


class _Ambiguity:
    """Counts the places at which there is more than one way to go on with the same character."""

    def __init__(self, state: Any) -> None:
        self._state = state
        self._matched: dict[str, _Chars] = {}

    def count(self, items: _Items, follow: _Chars, *, looped: bool) -> int:
        """Return how many there are in a sequence.

        Args:
            items: the sequence.
            follow: characters that may follow it.
            looped: whether it is repeated as a whole.

        Raises:
            ValueError: one of them is inside a repetition, or can't be judged.
        """
        found = 0
        for index, (operation, argument) in enumerate(items):
            rest = self._before(items[index + 1 :], follow)
            if operation in _REPEATS:
                found += self._repeat(operation, argument, rest, looped=looped)
            elif operation is _constants.BRANCH:
                found += self._branch(argument[1], rest, looped=looped)
            elif operation in _GROUPS:
                found += self.count(_inside(operation, argument), rest, looped=looped)
            elif operation not in _KNOWN:
                raise ValueError("a pattern that neither looks around nor refers back")
            if found and looped:
                raise ValueError(_ADVICE)
        return found

    def _repeat(self, operation: Any, argument: Any, rest: _Chars, *, looped: bool) -> int:
        least, most, body = argument
        first = self._first(body)
        open_end = least != most and operation is not _constants.POSSESSIVE_REPEAT
        again = first - {_END} if most > 1 else frozenset()
        found = self.count(body, rest | again, looped=looped or most > 1)
        return found + (open_end and bool(_END in first or first & rest))

    def _branch(self, alternatives: Sequence[_Items], rest: _Chars, *, looped: bool) -> int:
        found = sum(self.count(each, rest, looped=looped) for each in alternatives)
        begins = [self._before(each, rest) for each in alternatives]
        return found + any(one & other for one, other in combinations(begins, 2))

    def _before(self, items: _Items, follow: _Chars) -> _Chars:
        """Return what a sequence begins with, or what follows it where it may be empty."""
        first = self._first(items)
        return first - {_END} | follow if _END in first else first

    def _first(self, items: Iterable[tuple[Any, Any]]) -> _Chars:
        first: _Chars = frozenset()
        for operation, argument in items:
            begin = self._begin(operation, argument)
            first |= begin - {_END}
            if _END not in begin:
                return first
        return first | {_END}

    def _begin(self, operation: Any, argument: Any) -> _Chars:
        if operation in _REPEATS:
            least, _, body = argument
            return self._first(body) | ({_END} if least == 0 else frozenset())
        if operation is _constants.BRANCH:
            return frozenset().union(*map(self._first, argument[1]))
        if operation in _GROUPS:
            return self._first(_inside(operation, argument))
        if operation in _CHARACTERS:
            return self._characters(operation, argument)
        return frozenset({_END})  # a place, or what is refused anyway

    def _characters(self, operation: Any, argument: Any) -> _Chars:
        """Return which characters match, in either case, as the flags may have it."""
        known = f"{operation} {argument}"
        if known not in self._matched:
            one = _parser.SubPattern(self._state, [(operation, argument)])
            match = _compiler.compile(one, re.ASCII | re.IGNORECASE).fullmatch
            codes = (code for code in range(256) if match(chr(code)))
            self._matched[known] = frozenset(codes)
        return self._matched[known]


def _inside(operation: Any, argument: Any) -> _Items:
    """Return what is in a group."""
    inside: _Items = argument[-1] if operation is _constants.SUBPATTERN else argument
    return inside
