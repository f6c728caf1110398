"""Which stored inputs a question names: by URL, file name, or the words of it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from agent.query.vocabulary import normal, vocabulary

__all__ = ["Inputs", "Named"]

MAX_SHOWN = 5
MAX_WORDS = 8

_TOKEN = re.compile(r"[^\s._\-/:,;?!()\"']+")
_CUT = re.compile(r"[\s._\-/:]+")
_LED = re.compile(
    r"\b(?:on|for|from|in|of|at|input|file|channel|stream|feed|source|service|called|named)\s+(?:the\s+)?"
    r"(?:input\s+|file\s+|channel\s+|stream\s+|feed\s+|source\s+|service\s+)?(?P<name>[\w.\-:/]+)"
    r"|(?P<before>[\w.\-:/]+)\s+(?:channel|stream|feed|file|input)s?\b"
)
_COMPOUND = re.compile(r"(?<![\w./:\-])[a-z0-9]+(?:[\-._][a-z0-9]+)+(?![\w/:\-])")
_NUMBERED = re.compile(r"\b(?P<led>[a-z]{3,})\s+(?P<name>(?=[a-z]*\d)[a-z][a-z0-9]*)\b")
_NAME_LIKE = re.compile(r"(?:[\w\-]*[a-z][\w\-]*[._\-/:][\w.\-/:]*\w|[a-z]+\d+\w*)$")


@dataclass(frozen=True, slots=True)
class Named:
    """What a question says of inputs: those meant, the words for it, and what could not be told.

    ``unknown`` is a name that no input has; ``several`` are inputs that one name fits alike.
    """

    inputs: tuple[str, ...] = ()
    spans: tuple[tuple[int, int], ...] = ()
    unknown: str = ""
    several: tuple[str, ...] = ()


class Inputs:
    """The inputs that are stored, by every name that a person would use."""

    def __init__(self, identities: Iterable[str]) -> None:
        """``identities`` are paths and URLs, as the store has them."""
        self.identities: set[str] = set()
        self._by_name: dict[tuple[str, ...], set[str]] = {}
        self._by_word: dict[str, set[str]] = {}
        self._take(identities)

    @property
    def words(self) -> Collection[str]:
        """Every word of a name."""
        return self._by_word.keys()

    def with_more(self, identities: Iterable[str]) -> Inputs:
        """These and some more. What these are is left as it is, for others may be reading it."""
        more = Inputs(())
        more.identities = set(self.identities)
        more._by_name, more._by_word = dict(self._by_name), dict(self._by_word)
        more._take(identities)
        return more

    def _take(self, identities: Iterable[str]) -> None:
        own: set[int] = set()

        def into(sets: set[str] | None, identity: str) -> set[str]:
            """A set of our own with one more: those that came with the tables are others' as well."""
            if sets is None or id(sets) not in own:
                sets = set(sets or ())
                own.add(id(sets))
            sets.add(identity)
            return sets

        for identity in identities:
            self.identities.add(identity)
            for words in _names(identity):
                self._by_name[words] = into(self._by_name.get(words), identity)
                for word in words:
                    self._by_word[word] = into(self._by_word.get(word), identity)

    def named_in(self, question: str) -> Named:
        """What the question says of inputs."""
        text = question.lower()
        found = self._whole(text)
        if found.several:
            return found
        unknown = self._unknown(_blanked(text, found.spans))
        if unknown:
            return Named(unknown=unknown)
        return found if found.inputs else self._by_part(text)

    def without_names(self, question: str) -> str:
        """The question with blanks for the whole names in it."""
        text = question.lower()
        return _blanked(text, self._whole(text).spans)

    def held_by(self, words: Sequence[str], *, several: bool) -> Named:
        """The inputs that have those of the words that are in any name; ``several`` where many are meant."""
        known = [word for word in words if self._holding(word)]
        if not known:
            return Named()
        holding = set.intersection(*(self._holding(word) for word in known))
        if len(holding) == 1 or (holding and several):
            return Named(tuple(sorted(holding)))
        return Named(several=tuple(sorted(holding or self._holding(known[0]))))

    def holds(self, word: str) -> bool:
        """Whether a word, or its plural or singular, is in the name of an input."""
        return bool(self._holding(word))

    def _holding(self, word: str) -> set[str]:
        if (word.isdigit() and len(word) < 3) or (not word.isdigit() and _common((word,))):
            return set()
        one = self._by_word.get(word) or self._by_word.get(f"{word}s")
        return one or (self._by_word.get(word[:-1], set()) if word.endswith("s") else set())

    def _unknown(self, text: str) -> str:
        """A name like those that are stored, with a part that none has: ``news-9`` beside ``news-1``."""
        for match in _COMPOUND.finditer(text):
            words = [word for word in _CUT.split(match[0]) if word]
            if any(self._holding(word) for word in words):
                holding = set.intersection(*(self._by_word.get(word, set()) for word in words))
                if not holding and tuple(words) not in self._by_name:
                    return match[0]
        for match in _NUMBERED.finditer(text):
            if self._holding(match["led"]) and match["name"] not in self._by_word:
                return match[0]
        return ""

    def _whole(self, text: str) -> Named:
        """The inputs whose whole name is in a text of lower case."""
        tokens = [(match[0], match.start(), match.end()) for match in _TOKEN.finditer(text)]
        found: list[str] = []
        spans: list[tuple[int, int]] = []
        at = 0
        while at < len(tokens):
            size, inputs = self._longest(tokens, at)
            if not size:
                at += 1
                continue
            if len(inputs) > 1:
                return Named(several=tuple(sorted(inputs)))
            found += inputs
            spans.append((tokens[at][1], self._with_path(text, tokens[at][1], tokens[at + size - 1][2])))
            at += size
        return Named(tuple(dict.fromkeys(found)), tuple(spans))

    def _longest(self, tokens: list[tuple[str, int, int]], at: int) -> tuple[int, list[str]]:
        """The longest whole name that begins at a token, and who has it; a common word is no name."""
        for size in range(min(MAX_WORDS, len(tokens) - at), 0, -1):
            words = tuple(token for token, _, _ in tokens[at : at + size])
            if words in self._by_name and not _common(words):
                return size, sorted(self._by_name[words])
        return 0, []

    @staticmethod
    def _with_path(text: str, start: int, end: int) -> int:
        """The end of a name that goes on without a space: its suffix."""
        rest = re.match(r"[\w.\-:/]*", text[end:])
        return end + (rest.end() if rest else 0)

    def _by_part(self, text: str) -> Named:
        """A name after ``on``, ``channel`` and the like: whole, a part of one, or unknown."""
        for match in _LED.finditer(text):
            group = "name" if match["name"] else "before"
            name = match[group].strip(".:/-")
            words = tuple(_CUT.split(name))
            if not name or _common(words):
                continue
            holding = set.intersection(*(self._holding(word) or set() for word in words))
            span = match.span(group)
            for after in _TOKEN.finditer(text, span[1]):
                narrower = holding & self._holding(after[0])
                if not narrower or text[span[1] : after.start()].strip(" -_./:"):
                    break
                holding, span = narrower, (span[0], after.end())
            if len(holding) == 1:
                return Named(tuple(holding), (span,))
            if len(holding) > 1:
                if re.search(
                    r"\b(?:both|two|three|all|every|channels|streams|feeds|files|inputs|each)\b", text
                ):
                    return Named(tuple(sorted(holding)), (span,))
                return Named(several=tuple(sorted(holding)))
            if _NAME_LIKE.fullmatch(name):
                return Named(unknown=name)
        return Named()


def _blanked(text: str, spans: Iterable[tuple[int, int]]) -> str:
    for start, end in spans:
        text = text[:start] + " " * (end - start) + text[end:]
    return text


def _names(identity: str) -> set[tuple[str, ...]]:
    """The names of an input, each as its words: whole, its last part, that without a suffix."""
    path = urlsplit(identity).path if "://" in identity else identity
    last = PurePosixPath(path.replace("\\", "/"))
    plain = {"index", "master", "playlist", "manifest", "live", "stream", "chunklist"}
    names = [last.name, last.stem, identity]
    if last.stem in plain and last.parent.name:
        names += [last.parent.name, f"{last.parent.name}/{last.name}"]
    words = {tuple(word for word in _CUT.split(name.lower()) if word) for name in names}
    return {item for item in words if item and not (len(item) == 1 and item[0] in plain)}


def _common(words: tuple[str, ...]) -> bool:
    """Whether it is said of incidents as well: such a name has to be given with its suffix.

    Several words are common where each is of the vocabulary: else a file called ``open incidents`` would
    be what everybody asks about.
    """
    known = vocabulary()
    text = normal(" ".join(words))
    own = known.words if len(words) > 1 else known.plain
    return text in known.phrases or all(word in own or word.isdigit() for word in words)
