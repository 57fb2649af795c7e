"""What an essay's words would earn by its rubric: a provisional score, with the evidence, for the person who marks it.

A criterion is met where each of its lines of evidence is found, in any of its alternatives, and none of its `not:`
lines is. Words are compared without case, accents of typography and endings that English adds; a phrase must stand in
one sentence, its words in order. Evidence under a negation ("does not prevent data races") is no evidence, unless the
author's own words hold one. It is a word search, and knows nothing of meaning: nothing of it is ever final.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from course.quiz.model import Criterion, Essay

__all__ = ["Finding", "Provisional", "provisional"]

LONGEST = 100_000  # characters of an essay that are looked at
_NEGATIONS = frozenset(
    "not no never none neither nor without cannot cant dont doesnt isnt arent wasnt werent wont wouldnt shouldnt "
    "couldnt didnt hasnt havent hadnt hardly scarcely lacks lack lacking fails fail unable nothing nobody".split()
)
_REACH = 4  # words between a negation and what it negates
_DOUBLE = frozenset("only just merely".split())  # "not only safe": no negation
_SENTENCE = re.compile(
    r"[.!?;:]+(?=\s|$)|\n\s*\n|\n\s*[-*]\s|\bbut\b|\bhowever\b|\balthough\b|\bwhereas\b", re.IGNORECASE
)
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*|[&*!]+")


@dataclass(frozen=True)
class Finding:
    """One criterion: its points, those the words would earn, and the places in the text that speak for or against."""

    id: str
    text: str
    possible: float
    points: float
    evidence: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return it as results hold it."""
        return {
            "id": self.id,
            "text": self.text,
            "possible": self.possible,
            "points": self.points,
            "evidence": list(self.evidence),
            "against": list(self.against),
            "missing": list(self.missing),
        }


@dataclass(frozen=True)
class Provisional:
    """What all criteria would earn together. Not a score: a person gives that."""

    points: float
    possible: float
    findings: tuple[Finding, ...]

    def as_json(self) -> dict[str, Any]:
        """Return it as results hold it."""
        return {
            "points": self.points,
            "possible": self.possible,
            "criteria": [finding.as_json() for finding in self.findings],
        }

    def comment(self) -> str:
        """Return it as the comment that the person who marks it reads in formgrader."""
        lines = [f"Provisional, by a search for words: {self.points:g} of {self.possible:g}. A person decides."]
        for finding in self.findings:
            said = f"- {finding.points:g} of {finding.possible:g}: {finding.text}"
            if finding.evidence:
                said += f" (found: {'; '.join(finding.evidence)})"
            if finding.against:
                said += f" (against it: {'; '.join(finding.against)})"
            lines.append(said)
        return "\n".join(lines)


def provisional(essay: Essay, text: str) -> Provisional:
    """Return what the words of a text would earn by the essay's rubric. A pure function."""
    sentences = list(_sentences(text[:LONGEST]))
    findings = tuple(_finding(criterion, sentences) for criterion in essay.rubric)
    points = round(sum(finding.points for finding in findings), 9)
    return Provisional(points, round(sum(finding.possible for finding in findings), 9), findings)


def _finding(criterion: Criterion, sentences: Sequence[_Sentence]) -> Finding:
    found: list[str] = []
    missing: list[str] = []
    for alternatives in criterion.evidence or ():
        place = next((p for words in alternatives for s in sentences if (p := s.find(words))), "")
        if place:
            found.append(place)
        else:
            missing.append(" | ".join(alternatives))
    against = tuple(
        place
        for alternatives in criterion.against or ()
        if (place := next((p for words in alternatives for s in sentences if (p := s.find(words))), ""))
    )
    met = bool(criterion.evidence) and not missing and not against
    return Finding(
        criterion.id,
        criterion.text,
        criterion.points,
        criterion.points if met else 0.0,
        tuple(dict.fromkeys(found)),
        against,
        tuple(missing),
    )


@dataclass(frozen=True)
class _Sentence:
    text: str
    words: tuple[str, ...]
    places: tuple[tuple[int, int], ...]

    def find(self, phrase: str) -> str:
        """Return the place that says a phrase and does not negate it, or ""."""
        wanted = [_stem(word) for word in _words(phrase)]
        if not wanted:
            return ""
        negated = any(word in _NEGATIONS for word in wanted)
        stems = [_stem(word) for word in self.words]
        for at in range(len(stems) - len(wanted) + 1):
            if stems[at : at + len(wanted)] != wanted:
                continue
            if negated or not self._negated(at):
                begin, end = self.places[at][0], self.places[at + len(wanted) - 1][1]
                return " ".join(self.text[begin:end].split())
        return ""

    def _negated(self, at: int) -> bool:
        before = self.words[max(0, at - _REACH) : at]
        for number, word in enumerate(before):
            if word in _NEGATIONS:
                following = before[number + 1] if number + 1 < len(before) else ""
                if following not in _DOUBLE:
                    return True
        return False


def _sentences(text: str) -> Iterator[_Sentence]:
    # NFC keeps the length of what is shown near enough to what was written; typographic apostrophes become plain.
    text = unicodedata.normalize("NFC", text).replace("’", "'")
    for part in _SENTENCE.split(text):
        matches = list(_WORD.finditer(part))
        if matches:
            words = tuple(match[0].casefold().replace("'", "") for match in matches)
            yield _Sentence(part, words, tuple(match.span() for match in matches))


def _words(phrase: str) -> list[str]:
    phrase = unicodedata.normalize("NFC", phrase).replace("’", "'")
    return [match[0].casefold().replace("'", "") for match in _WORD.finditer(phrase)]


def _stem(word: str) -> str:
    """Return a word without the endings of English plurals and verbs: races, raced and racing are one."""
    for ending in ("ing", "ies", "es", "ed", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            stem = word[: -len(ending)]
            if ending == "ies":
                return stem + "y"
            if len(stem) > 3 and stem[-1] == stem[-2] and stem[-1] not in "aeiouls":
                stem = stem[:-1]  # borrowing → borrow; stopped → stop
            return stem.removesuffix("e")
    return word.removesuffix("e")
