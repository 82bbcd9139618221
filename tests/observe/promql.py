"""What an expression of PromQL asks for: the metrics and labels that Prometheus has to have."""

import re
from collections.abc import Iterator

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'')
_RANGE = re.compile(r"\[[^\]]*\]|\boffset\s+\w+")
_GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
_SELECTOR = re.compile(r"(?<![\w:.])([a-zA-Z_:][\w:]*+)\s*+(?:\{([^}]*)\})?+(?!\()")
_MATCHER = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")
_WORDS = frozenset({"and", "or", "unless", "bool", "by", "without", "on", "ignoring", "inf", "nan"})


def selectors(expression: str) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield each metric that an expression names, with the labels that it is chosen by."""
    bare = _GROUPING.sub("", _RANGE.sub("", _STRING.sub("''", expression)))
    for name, matchers in _SELECTOR.findall(bare):
        if name.lower() not in _WORDS:
            yield name, frozenset(_MATCHER.findall(matchers))


def groupings(expression: str) -> set[str]:
    """Return the labels that an expression groups or joins by."""
    lists = _GROUPING.findall(_STRING.sub("''", expression))
    return {label for each in lists for label in re.findall(r"\w+", each)}
