"""What stands beside a text and is none: counters, scores, licences in brackets.

Counters ("★ 12k", "500 stars") are out of date tomorrow, so they are dropped and never
kept. A licence is a fact and is handed back. Only the ends of a text are touched, and
brackets: "a 5★ app" is what somebody wrote.
"""

from __future__ import annotations

import re

from generation.sources.labels import is_licence

_NEAR = 240
_NUMBER = r"[~>]?\d[\d.,]{0,12}[ ]?[kKmM]?\+?"
_SIGN = r"(?:[\u2605\u2606\u2729\u2730\u2b50\U0001f31f]\ufe0f?|:star2?:)"
_WORD = r"(?:github[ ])?(?:stars?|stargazers|forks?|watchers)\b"
_SIGNED = rf"(?:{_SIGN}[ ]{{0,3}}{_NUMBER}|{_NUMBER}[ ]{{0,3}}{_SIGN})"
_COUNT = rf"(?:{_SIGNED}|{_NUMBER}[ ]{{0,3}}{_WORD})"
_COUNTS = rf"{_COUNT}(?:[ ]{{0,3}}[,;|·/][ ]{{0,3}}{_COUNT}){{0,4}}"
_SCORE = rf"(?:{_SIGN}[ ]?){{2,10}}"
_CODE = r":[a-z][a-z0-9_+-]{1,30}:"
_JOINT = r"[-\u2013\u2014:;|·,.]"
_BRACKETED = re.compile(
    rf"[ ]{{0,3}}[(\[][ ]?(?:{_COUNTS}|{_SCORE})[ ]?[)\]]", re.IGNORECASE
)
# Medals are ranks: "(🥇44 · ⭐ 180K · 💤)".
_RANK = r"[\U0001f947\U0001f948\U0001f949]"
_RANKED = re.compile(
    rf"[ ]{{0,3}}\({_RANK}[ ]?\d{{1,4}}(?:[ ]{{0,3}}·[ ]{{0,3}}[^()·]{{1,20}}){{0,8}}\)"
)
_HEAD = re.compile(
    rf"[ ]{{0,3}}{_JOINT}?[ ]{{0,3}}"
    rf"(?:{_COUNTS}[ ]{{0,3}}(?:{_JOINT}|$)|{_SIGNED}|{_SCORE}|{_CODE}(?=[ ]|$))",
    re.IGNORECASE,
)
_TAIL = re.compile(
    rf"(?:(?<=[.!?,;|·\u2013\u2014-])[ ]{{0,3}}{_COUNTS}|(?<=[ ]){_SIGNED}|{_SCORE}"
    rf"|(?<=[ ]){_CODE})[ ]{{0,3}}\.?$",
    re.IGNORECASE,
)
_ALONE = re.compile(rf"[ ]*(?:{_COUNTS}|{_SCORE}|{_SIGN})[ ]*", re.IGNORECASE)
_CLOSING = re.compile(
    r"[ ]{0,3}(?:\((?P<round>[^()]{2,80})\)|[\[\u3010](?P<square>[^\[\]]{2,80})[\]\u3011])"
    r"[ ]?\.?$"
)
_STATED = re.compile(
    r"(?:^|[.;,|·\u2013\u2014-])[ ]{0,3}"
    r"(?:licen[cs]e[ds]?|lizenz|licencia|licenza|\u8bb8\u53ef\u8bc1|\u30e9\u30a4\u30bb\u30f3\u30b9)"
    r"[ ]?[:\uff1a][ ]{0,3}(?P<licence>[\w .+-]{2,40}?)[ ]?\.?$",
    re.IGNORECASE,
)
_PARTS = re.compile(r"[ ]?[,/;|·\u3001][ ]?")


def is_figure(text: str) -> bool:
    """Tell whether a text is a counter or a score and nothing else."""
    return bool(_ALONE.fullmatch(text[:_NEAR]))


def drop_figures(text: str) -> str:
    """Return a text without counters, scores and codes of emoji at its ends."""
    if not any(sign in text for sign in (*_SIGNS, *_MEDALS)) and not _WORDS.search(
        text
    ):
        return text
    text = _RANKED.sub("", _BRACKETED.sub("", text))
    for _ in range(3):
        found = _HEAD.match(text)
        shorter = text[found.end() :] if found else text
        head, tail = shorter[:-_NEAR], shorter[-_NEAR:]
        shorter = head + _TAIL.sub("", tail.rstrip())
        if shorter == text:
            break
        text = shorter
    return text


# Most texts hold none of these, and need no search.
_SIGNS = ("\u2605", "\u2606", "\u2729", "\u2730", "\u2b50", "\U0001f31f", ":")
_MEDALS = ("\U0001f947", "\U0001f948", "\U0001f949")
_WORDS = re.compile(
    r"(?<!\d)\d[\d.,]{0,30}[ ]?[kKmM]?\+?[ ]{0,3}(?:github )?(?:star|fork|watch)", re.I
)


def take_licences(text: str) -> tuple[str, list[str]]:
    """Return a text without the marks in brackets at its end that tell its licence.

    A lone word in round brackets stays: "(MIT)" may be the university.
    """
    start = max(len(text) - _NEAR, 0)
    stated = _STATED.search(text, start)
    if stated and is_licence(stated["licence"]):
        end = "." if text[stated.start()] == "." else ""
        return text[: stated.start()] + end, [stated["licence"]]
    found = _CLOSING.search(text, start)
    if not found:
        return text, []
    marks = [part for part in _PARTS.split(found["round"] or found["square"]) if part]
    licences = [mark for mark in marks if is_licence(mark)]
    if not licences or any(len(mark.split()) > 3 for mark in marks):
        return text, []
    is_one_word = len(marks) == 1 and found["round"] and marks[0].isalpha()
    if is_one_word:
        return text, []
    return text[: found.start()], marks
