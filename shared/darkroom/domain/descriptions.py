"""What somebody wants drawn, in words: which descriptions are none.

Refused are text that says nothing, text written from right to left, and text that speaks to the engine instead of
describing a picture. The last is a courtesy and a saving, not the wall: whoever wants to get past a list of phrases
will. The wall is that a description is never an instruction, but material beside one of ours (`prompts.py`), whatever
it says; so the phrases here can be few, and rather miss an order than refuse a picture.

Pure. Patterns have no repetition without a bound, so the time is linear in the length of the text.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from darkroom.domain.plain_text import unaccented, visible
from darkroom.errors import InvalidRequestError

RIGHT_TO_LEFT: Final = "RIGHT_TO_LEFT"
NOT_A_DESCRIPTION: Final = "NOT_A_DESCRIPTION"
"""Codes of the refusals that a caller may want to tell apart."""

_LEFT_TO_RIGHT_FIX: Final = (
    "The drawing engines read left-to-right text; write the description in English or another language that is written"
    " from left to right. A word of another script within it is fine."
)
_DIRECTION_MARKS: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def check(text: str) -> None:
    """Raises InvalidRequestError with the code INVALID_REQUEST, RIGHT_TO_LEFT or NOT_A_DESCRIPTION."""
    if any(unicodedata.category(character) == "Cc" and character not in "\t\n\r" for character in text):
        raise _refusal("holds control characters", "Send plain text.")
    if not visible(text):
        raise _refusal("says nothing", "Say what to draw.")
    if not _DIRECTION_MARKS.isdisjoint(text):
        raise _refusal(
            "holds marks that turn the reading direction",
            "Leave out direction marks (U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069).",
            RIGHT_TO_LEFT,
        )
    if _runs_from_right_to_left(text):
        raise _refusal("is written from right to left", _LEFT_TO_RIGHT_FIX, RIGHT_TO_LEFT)
    if speaks_to_the_engine(text):
        raise _refusal(
            "speaks to the drawing engine instead of describing a picture",
            "Describe what the picture shows; leave out requests about instructions, prompts, roles and modes.",
            NOT_A_DESCRIPTION,
        )


def _refusal(message: str, fix: str, code: str | None = None) -> InvalidRequestError:
    return InvalidRequestError(f"description: {message}", problems=(("description", message),), fix=fix, code=code)


def _runs_from_right_to_left(text: str) -> bool:
    """Whether most of its letters do, by Unicode's bidirectional classes."""
    letters = [unicodedata.bidirectional(one) for one in text if unicodedata.category(one)[0] == "L"]
    return 2 * sum(direction in {"R", "AL"} for direction in letters) > len(letters)


# --- orders -----------------------------------------------------------------------------------------------------------


def speaks_to_the_engine(text: str) -> bool:
    """Whether it holds an order to a language model: to drop its instructions, to tell them, to be somebody else.

    Case, accents, full-width and look-alike letters, zero-width characters, punctuation and blanks between the letters
    hide nothing. What a picture is to show as lettering ("a sign that says …") may be an order of the weaker kinds.
    """
    folded = _folded(text)
    if _MARKS.search(folded) or _is_ordered(_ROLES, folded) or _is_ordered(_BEGINNINGS, _clauses(folded)):
        return True
    words = " ".join(re.findall(r"\w+", folded))
    if _ORDERS.search(words):
        return True
    joined = _SPACED_OUT.sub(lambda run: run[0].replace(" ", ""), words)
    run_together = " ".join(_RUN_TOGETHER.findall(words)) if joined == words else joined
    return _ORDERS_WITHOUT_BLANKS.search(run_together) is not None


_LOOK_ALIKES: Final = str.maketrans(
    # Cyrillic, Greek, phonetic
    "\u0430\u0432\u0435\u0455\u0456\u0458\u043a\u043c\u043d\u043e\u0440\u0441\u0442\u0443\u0445\u04bb\u0501\u0433\u043f"
    "\u03b1\u03b2\u03b5\u03b9\u03ba\u03bd\u03bf\u03c1\u03c4\u03c5\u03c7\u03b3\u03b7"
    "\u0251\u0261\u0269",
    "abesijkmhopctyxhdrnabeiknoptuxynagi",
)
"""Letters in lower case that pass for Latin ones."""
_TAGS: Final = {0xE0000 + code: chr(code) for code in range(0x20, 0x7F)}
"""Characters that show nothing and spell ASCII."""


def _folded(text: str) -> str:
    """In lower case and plain Latin letters, without what cannot be seen, line by line; punctuation stays."""
    lines = (visible(line) for line in text.translate(_TAGS).splitlines())
    plain = unaccented("\n".join(lines)).casefold().translate(_LOOK_ALIKES)
    spelled = _DIGITS_IN_WORDS.sub(lambda digit: _DIGITS[digit[0]], plain)
    return _APOSTROPHES.sub("", spelled).replace("_", " ")


_DIGITS: Final = {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t"}
_DIGITS_IN_WORDS: Final = re.compile("(?<=[a-z])[013457]|[013457](?=[a-z])")
_APOSTROPHES: Final = re.compile("['`\u00b4\u2018\u2019]")


def _clauses(folded: str) -> str:
    """The words, with " . " where a sentence ends and " , " for any other punctuation."""
    ended = re.sub(r"[.!?;\n]+", " \x01 ", folded)
    parted = re.sub(r"[^\w\s\x01-]+| - ", " \x02 ", ended).replace("-", " ")
    return ". " + " ".join(parted.replace("\x01", ".").replace("\x02", ",").split())


_LETTERING: Final = re.compile(
    r"\b(?:says?|said|saying|reads?|reading|text|words?|letter(?:s|ing)|written|captions?|captioned|titled?|label(?:s"
    r"|led|ed)?|sign(?:s|post)?|banner|poster|bubble|slogan|headline|shout(?:s|ing)|sings|singing|whisper(?:s|ing)"
    r"|yell(?:s|ing)|engraved|printed|embroidered|tattoo(?:ed)?|graffiti|motto|called|book|song|t shirt|certificate"
    r"|message|note|plaque|sticker|stamp|spelling|told|tells|announces)\b[^.!?;\n]{0,40}$"
)


def _is_ordered(orders: re.Pattern[str], text: str) -> bool:
    """Whether one of them is there that is not what the picture shows in letters or has somebody say."""
    return any(
        not _LETTERING.search(text[max(0, found.start() - 80) : found.start()]) for found in orders.finditer(text)
    )


def _any(*phrases: str) -> str:
    return f"(?:{'|'.join(phrases)})"


_WORD: Final = r"\w{1,20}"
_DROP: Final = "(?:ignore|disregard|forget|override|overrule|bypass|overlook|neglect|discard|dismiss|skip|delete|erase)"
_WHICH: Final = "(?:(?:all|and|any|every|each|of|the|your|my|our|these|those|this|that|what|its|other) ){0,4}"
_EARLIER: Final = _any(
    *("previous", "previously", "prior", "above", "earlier", "preceding", "foregoing", "original", "initial"),
    *("existing", "system", "hidden", "internal", "developer"),
)
_RULES: Final = _any(
    *("instructions?", "prompts?", "rules?", "directives?", "guidelines?", "commands?", "orders?", "constraints?"),
    *("restrictions?", "messages?", "context", "conversation", "programming"),
)
_LIMITS: Final = _any(
    *("instructions?", "prompts?", "rules", "guidelines", "directives?", "programming", "restrictions", "policies"),
    *("constraints", "limitations", "filters", "safeguards", "guardrails"),
)
_GIVEN: Final = (
    "(?: (?:that|which|written|listed|mentioned|stated|given|you|were|are|have|been|had|i|we|to)){0,4} "
    r"(?:before this|previously|earlier|above|you (?:got|received|have)|you (?:were|have been) (?:given|told)|so far)\b"
)
_OF_IT: Final = r"(?! (?:the|a|an|his|her|their|its|my)\b)"
"""Not "above the door"."""
_TELL: Final = (
    _any(
        *(
            "reveal",
            "print",
            "show",
            "display",
            "output",
            "repeat",
            "disclose",
            "leak",
            "expose",
            "recite",
            "dump",
            "echo",
        ),
        *("list", "return", "tell", "give", "share", "write", "write out", "send", "provide", "describe", "explain"),
        *("summari[sz]e", "translate"),
    )
    + "(?! of)"
)
_WHOSE: Final = (
    "(?:(?:me|us|all|of|the|your|full|entire|exact|complete|whole|own|secret|verbatim|current|this|its|text|contents?|back"
    "|to) ){0,6}"
)
_MODE: Final = "(?:developer|dev|debug|god|dan|jailbreak|unrestricted|unfiltered|sudo|admin|root) mode"
_ENTER: Final = "(?:enable|activate|enter|engage|unlock|switch to|turn on|go into|start|simulate)"
_MACHINE: Final = "(?:ai|llm|assistant|chatbot|bot|language model|ai model|terminal|interpreter|shell|gpt|chatgpt)"
_NOBODY: Final = r"(?<!\bwho )(?<!\bwhich )(?<!\bthat )(?<!\bthey )(?<!\bwho always )(?<!\bwho will )(?<!\bto )\b"
"""Those of whom it is told, as "a robot built to do it", are in the picture."""

_ORDER: Final = (
    # to drop what it was told
    rf"{_NOBODY}{_DROP} {_WHICH}{_EARLIER}(?: {_WORD}){{0,2}} {_RULES}\b",
    rf"{_NOBODY}{_DROP} your(?: {_WORD}){{0,2}} {_LIMITS}\b",
    rf"{_NOBODY}{_DROP} {_WHICH}{_RULES}{_GIVEN}{_OF_IT}",
    rf"{_NOBODY}{_DROP} (?:everything|anything|all|what|whatever)(?: that)?(?: i said| i told you)?{_GIVEN}{_OF_IT}",
    rf"{_NOBODY}{_DROP} (?:everything|anything|all|what|whatever)(?: that)? i (?:said|told you)\b",
    rf"\byour?(?: {_WORD}){{0,3}} to {_DROP} {_WHICH}(?:{_EARLIER} )?{_RULES}\b",
    rf"\b(?:do not|dont|stop|no longer|never) (?:follow|following|obey|obeying) {_WHICH}{_EARLIER} {_RULES}\b",
    rf"\b(?:do not|dont|stop|no longer|never) (?:follow|following|obey|obeying) your(?: {_WORD}){{0,2}} {_LIMITS}\b",
    # to tell it
    rf"{_NOBODY}{_TELL} {_WHOSE}system (?:prompts?|instructions?|messages?)\b",
    rf"{_NOBODY}{_TELL} {_WHOSE}(?:hidden|initial|original|internal|developer) (?:prompts?|instructions?)\b",
    rf"{_NOBODY}{_TELL} {_WHOSE}your (?:\w{{1,10}} )?(?:prompts?|instructions?|configuration|api keys?|source code)\b",
    rf"{_NOBODY}{_TELL} {_WHOSE}above (?:text|words|prompts?|instructions?)\b",
    r"\byour (?:\w{1,10} )?system (?:prompt|instructions?|message)\b",
    r"\bwhat (?:is|are|was|were) (?:your|the) (?:system |initial |original |hidden )?(?:prompt|instructions)\b",
    r"\brepeat (?:everything|all|the (?:text|words|content|prompt|instructions)) (?:above|before)\b",
    # to be somebody else
    rf"\byou(?: a)?re (?:now )?(?:in {_MODE}|dan\b|jailbroken\b|no longer (?:bound|restricted|limited)\b)",
    rf"\byou(?: a)?re (?:now |no longer ){{0,2}}(?:an? |my )(?:{_WORD} ){{0,2}}{_MACHINE}\b",
    rf"\b(?:act|behave|respond|answer|reply) (?:as|like) (?:an? |the |my )?(?:{_WORD} ){{0,2}}(?:{_MACHINE}|dan)\b",
    r"\bi am your (?:developer|creator|administrator|operator|programmer)\b",
    r"\byou can do anything now\b|\bdan mode\b",
    r"\bjailbreak (?:mode|prompt|yourself)\b|\bjailbroken (?:ai|model|mode)\b",
    # the first of these in other languages
    (
        rf"\b(?:ignorieren?|vergiss|missachten?)(?: sie)? (?:{_WORD} ){{0,3}}(?:vorherigen?|vorigen?|bisherigen?"
        rf"|obigen?) (?:{_WORD} )?(?:anweisung|instruktion|regel|befehl|vorgabe)(?:en?|n)?\b"
    ),
    rf"\b(?:ignorez?|oubliez?) (?:{_WORD} ){{0,3}}(?:instructions|consignes|regles) (?:precedentes|anterieures)\b",
    (
        rf"\b(?:ignor[ae]|olvida|esquec[ae]|dimentica) (?:{_WORD} ){{0,3}}(?:instrucciones|instrucoes|istruzioni|reglas"
        r"|regras|regole) (?:anteriores|previas|precedenti)\b"
    ),
)
_ORDERS: Final = re.compile(_any(*_ORDER))
_ORDERS_WITHOUT_BLANKS: Final = re.compile(
    _any(*_ORDER).replace(_NOBODY, "").replace(_OF_IT, "").replace(r"\b", "").replace(" ", " ?")
)
_SPACED_OUT: Final = re.compile(r"\b\w(?: \w\b){3,1000}")
_RUN_TOGETHER: Final = re.compile(r"\w{16,1000}")
"""So many letters are more than one word."""

_LEAD: Final = (
    "(?:(?:and|then|now|please|but|so|also|instead|just|first|next|kindly|you (?:must|should|will|shall)) ){0,3}"
)
_SENTENCE: Final = rf"(?<=\. ){_LEAD}"
_CLAUSE: Final = rf"(?<=[.,] ){_LEAD}"
_UNSEEN: Final = (
    r"(?!(?:\w{1,20}ing|here|there|home|at|on|in|inside|outside|under|near|by|above|between|among|behind|beside|ready"
    r"|old|alone|lost|safe)\b)"
)
"""Not who looks at the picture, and from where: "you are now at the beach"."""
_BEGINNINGS: Final = re.compile(
    _any(
        rf"{_CLAUSE}{_DROP} {_WHICH}(?:{_WORD} )?(?:{_LIMITS}|descriptions?)\b",
        rf"{_CLAUSE}{_DROP} (?:all |everything |of |the ){{0,3}}(?:above|previous)(?: and\b| [.,]|$)",
        rf"{_SENTENCE}ignoring {_WHICH}{_EARLIER} (?:{_WORD} )?{_RULES}\b",
        rf"{_CLAUSE}you(?: a)?re now {_UNSEEN}",
        rf"{_SENTENCE}(?:act|behave|operate|respond|answer) as (?!(?:one|a team|a group)\b)\w",
        rf"{_SENTENCE}role ?play as (?:an?|my|the)\b",
        rf"{_CLAUSE}(?:act|behave|operate) as (?:if|though) you\b",
        rf"{_SENTENCE}pretend to be (?:my\b|an? (?:{_WORD} )?{_MACHINE}\b)",
        rf"{_CLAUSE}pretend (?:that )?you(?: a)?re {_UNSEEN}",
        rf"{_CLAUSE}from now on (?:, )?(?:you|your|answer|respond|reply|act|always|never|ignore|do)\b",
        rf"{_CLAUSE}{_ENTER} (?:the )?(?:{_MODE}|jailbreak)\b",
        rf"{_SENTENCE}{_MODE}(?: is)?(?: now)? (?:, )?(?:enabled|activated|on|unlocked)\b",
        rf"{_CLAUSE}jailbreak (?:the|this) (?:ai|model|filter)\b",
        rf"{_SENTENCE}(?:here are )?(?:your |the )?(?:new|real) (?:instructions?|directives?|system prompt) [,.]",
        rf"{_SENTENCE}(?:this is the )?end of (?:the )?(?:prompt|instructions?|description|material|input)(?: [.,]|$)",
        r"(?<=^\. )(?:developer mode|jailbreak|dan)(?: [.,])?$",
        rf"{_SENTENCE}system override\b(?: [,.]|$)",
        r"\byour new (?:task|role|job|instructions?|purpose|goal|persona|identity) (?:is|are)\b",
    )
)
_ROLES: Final = re.compile(
    '(?:^|[\\n.!?;"\u201c\u201d\u00bb\\])}>*#|-])\\s{0,5}\\*{0,2}(?:system|assistant|developer)'
    r"(?: (?:message|prompt|note|instructions?|override|update|role))?\*{0,2} {0,3}:"
)
_MARKS: Final = re.compile(
    _any(
        r"<\|[a-z][a-z ]{1,20}\|>",
        r"</?(?:system|instructions?|prompt|material|assistant|user input|developer)\b[^<>]{0,40}>",
        r"\[/?inst\]|<</?sys>>|\[{1,2} ?/?(?:system|assistant) ?(?:message|prompt)? ?\]{1,2}",
        r"#{2,6} {0,3}(?:new |system |end of )?(?:instructions?|system|prompt|assistant|response)\b",
        r"\"role\" {0,3}: {0,3}\"(?:system|assistant|developer|user)\"",
        r"\n\n(?:human|user|assistant) {0,3}:",
        r"\b(?:begin|end) (?:of )?system prompt\b",
    )
)
"""What stands between the parts of a conversation with a model."""
