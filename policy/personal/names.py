"""Somebody who tells by full name who he or she is and in which class, or fills that in."""

from __future__ import annotations

import re

from policy.personal.reading import Reading, mentions, words

_CLASS = (
    r"(?:\b(?:groep|grp|klas|brugklas|group|grade|class)[ -]?(?:[1-8](?: ?[/\-&+] ?[1-8])? ?[a-h]?|een|twee|drie|vier"
    r"|vijf|zes|zeven|acht)\b|\b[1-8]e klas\b|\b(?:uit|in|van) [1-8][a-h]\b|\([1-8][a-h]\))"
)
CLASS = re.compile(_CLASS)
SCHOOL = re.compile(
    rf"{_CLASS}|\b(?:mijn|onze|m'n|mn|my|our) (?:klas|school|groep|class)\b|\b(?:klas|groep) van (?:juf|meester)\b"
    r"|\b(?:basisschool|obs|cbs|rkbs|pcbs|kbs|sbo|daltonschool|montessorischool|jenaplanschool|vrije ?school)"
    r" ?(?:de |het |sint |st\.? )?[^\W\d_]{3}|\bik zit op (?:de |het )?\w{0,30}school\b"
)
"""What tells where to find a child: the class, or the school."""
_INTRO = re.compile(
    r"\b(?:(?P<am>ik ben|i am|i'm|im)|(?:ik )?heet|(?:mijn|m'n|mn|me|my) (?:volledige |hele |echte |full )?"
    r"(?:naam|name)(?: is| =|:|=)|groetjes|groeten|groetjes van|gr\.?|liefs"
    r"|(?P<made>(?:gemaakt|geschreven) door))[ ,:\n]{1,3}(?:van )?"
)
_INTRO_SIGNS = ("ik ben", "i am", "i'm", "im ", "heet", "naam", "name", "groet", "gr", "liefs", "door")
_KEY = r"[\"']?\s{0,2}[:=]\s{0,2}[\"']?"
_NAME_KEY = re.compile(
    rf"(?<![a-z])(?:(?P<nl>naam|volledige_? ?naam|naam_? ?(?:leerling|kind)|leerling(?:_? ?naam)?|afzender)"
    rf"|(?P<sure>full_?name|student(?:_?name)?)|name){_KEY}"
    r"|(?P<line>(?:^|\n)naam[ \t]{1,8})"
)
_CLASS_KEY = re.compile(
    rf"(?<![a-z])(?:groep|klas|grade|class|school_?class|jaargroep){_KEY}(?:groep )?[1-8] ?[a-h]?(?![\w.])"
    rf"|(?<![a-z])(?:school|basisschool|school_?-?naam|school_?name){_KEY}[^\W\d_]{{2}}"
)
_FIRST_KEY = re.compile(rf"(?<![a-z])(?:voor_?naam|roepnaam|first_?-?name|given_?name){_KEY}[^\W\d_]{{2}}")
_LAST_KEY = re.compile(rf"(?<![a-z])(?:achter_?naam|last_?-?name|family_?name|surname){_KEY}[^\W\d_]{{2}}")
_FROM_CLASS = re.compile(
    rf"\b([A-Z][^\W\d_'\-]{{1,24}}(?: (?:[A-Za-z][^\W\d_'\-]{{0,24}}|'t)){{1,4}}),? (?:zit (?:in|bij)|uit) "
    rf"(?i:{_CLASS})"
)
_TOKEN = re.compile(r"[ ]{0,2}('?[^\W\d_][^\W\d_]*(?:['\-.][^\W\d_]+){0,3}\.?)")
_PREFIXES = words("van de der den het 't ten ter te op in el al ben bin ibn von da di dos la le du y des aan 's vander")
_STOP = words(
    "groep klas school ik jij je hij zij ze wij we en of maar want omdat een niet wel geen zo heel erg "
    "best beste goed goede blij boos bang moe ziek klaar weer nog al ook net even bezig trots trotse fan "
    "leerling jongen meisje kind jaar juf meester meneer mevrouw mama papa hier daar thuis naar met voor "
    "over door bij is was ben zit woon heb kan wil ga the a an not very so from in at who your my me mijn "
    "jouw zijn haar onze dit dat die deze wie wat waar hoe niemand iemand eigenlijk gewoon echt nu altijd "
    "nooit alleen samen verliefd gek dom slim lief aardig jarig nieuw nieuwe vandaag morgen gisteren "
    "basisschool grote kleine oudste jongste slimste laatste eerste tweede enige hetzelfde"
)
_STOPS_HERE = words("groep klas groepje zit ik en uit school basisschool class grade group and i am from")
_NEAR_BEFORE, _NEAR_AFTER = 60, 100
_MOST = 64


def said(reading: Reading) -> bool:
    """Whether a full name stands together with a class or school, as somebody's own."""
    text, low = reading.text, reading.low
    if not _ANY.search(low):
        return False
    return _introduced(text, low) or _filled_in(text, low) or _from_class(text, low)


_ANY = re.compile(r"groep|klas|school|grade|class|group|\bobs\b|\bcbs\b|rkbs|\bsbo\b|grp|\b[1-8][a-h]\b")


def _introduced(text: str, low: str) -> bool:
    if not mentions(low, _INTRO_SIGNS):
        return False
    for count, intro in enumerate(_INTRO.finditer(low)):
        if count >= _MOST:
            return False
        end = _name(text, intro.end(), strict=intro["am"] is not None)
        if end is None or (intro["made"] and not _by_myself(low, intro.start(), end)):
            continue
        if SCHOOL.search(
            low[max(0, intro.start() - _NEAR_BEFORE) : intro.start()] + " | " + low[end : end + _NEAR_AFTER]
        ):
            return True
    return False


def _by_myself(low: str, start: int, end: int) -> bool:
    """Whether a work is signed here: with the class at once, or as the last line. A book that is read is not."""
    if _SIGNED_LAST.match(low, end) or (low[end - 1] != "." and _SIGNED.match(low, end)):
        return True
    return not low[end:].strip(" .!\n") and low[:start].rstrip(" ")[-1:] in ("", "\n", ".", "!", "?")


def _filled_in(text: str, low: str) -> bool:
    """Fields for a name and a class, in a form, in JSON or on lines of their own."""
    if not mentions(low, ("naam", "name", "leerling", "student", "afzender")):
        return False
    classed = _CLASS_KEY.search(low) is not None
    if classed and _FIRST_KEY.search(low) and _LAST_KEY.search(low):
        return True
    for count, key in enumerate(_NAME_KEY.finditer(low)):
        if count >= _MOST:
            return False
        # An English key is on every button, layer and lesson too: there only what is written as a name is one.
        end = _name(text, key.end(), strict=not (key["nl"] or key["line"]))
        if end is None or (not (key["nl"] or key["line"] or key["sure"]) and not _person(low, key.end(), end)):
            continue
        if classed or CLASS.search(low[end : end + 30]):
            return True
    return False


def _from_class(text: str, low: str) -> bool:
    """`Sem Bakker uit groep 8`: a child, and no subject of a school work."""
    if not mentions(low, (" zit ", " uit ")):
        return False
    for match in _FROM_CLASS.finditer(text):
        parts = match[1].split()
        before = low[max(0, match.start() - 8) : match.start()]
        if before.endswith(("over ", "boek ", "van ")) or not parts[-1][:1].isupper():
            continue
        if all(word[:1].isupper() or word.lower() in _PREFIXES for word in parts) and parts[0].lower() not in _STOP:
            return True
    return False


def _name(text: str, start: int, *, strict: bool) -> int | None:
    """Where the full name ends that starts here; None when there is none. `strict`: with capitals, or a class at once.

    A name is a first word and a last one, with what stands between them in Dutch and other names (`van de`, `el`).
    """
    parts: list[tuple[str, int]] = []
    at = start
    while len(parts) < 7 and (token := _TOKEN.match(text, at)) is not None:
        word = token[1]
        if word.lower() in _STOPS_HERE or word.lower() in _STOP - _PREFIXES:
            break
        parts.append((word, token.end()))
        at = token.end()
        if text[at : at + 1] not in (" ", "-"):
            break
    # `van groep 8`, `in groep 6`: what is left of a sentence after the name.
    while parts and parts[-1][0].lower() in _PREFIXES:
        parts.pop()
    names = [word for word, _ in parts if word.lower() not in _PREFIXES]
    if len(names) < 2 or parts[0][0].lower() in _PREFIXES - {"ben", "al", "el"} or len(names) > 4:
        return None
    if all(word[:1].isupper() for word in (names[0], names[-1])):
        return parts[-1][1]
    if strict:
        end = parts[-1][1]
        return end if len(names) == 2 and _AT_ONCE.match(text, end) else None
    return parts[-1][1] if len(names) <= 3 else None


def _person(low: str, start: int, end: int) -> bool:
    """Whether what stands at the key `name` may be somebody, by its words and by the class that is told with it."""
    if not _THINGS.isdisjoint(re.findall(r"\w+", low[start:end])):
        return False
    return _CLASS_TOLD.search(low) is not None


_CLASS_TOLD = re.compile(
    r"(?<![a-z])(?:groep|klas|jaargroep|school\w{0,6}|basisschool)[\"']?\s{0,2}[:=]|(?:groep|klas|group|grade) [1-8]"
    rf"|(?<![a-z])(?:grade|class){_KEY}(?:groep )?[1-8] ?[a-h](?![\w.])"
)
"""A class that says what it is: `class: 3` is on every part of a page."""
_THINGS = words(
    "button menu page home item items lesson overview view screen tab panel card layer group block blok tafel les"
    " lessen oefening oefenen toets quiz game spel level module course list table form field icon image text title"
    " header footer sprite stage scene slide event click project team opdracht thema hoofdstuk nieuw new open start"
)
"""Words of what programs and lessons are called."""
_SIGNED = re.compile(rf"[ ,(\-|\n]{{1,3}}(?:(?:uit|van|in|zit in) )?{_CLASS}")
_SIGNED_LAST = re.compile(rf"[ .,(\-|\n]{{1,3}}(?:(?:uit|van|in) )?{_CLASS}[\s.!)]{{0,4}}$")
_AT_ONCE = re.compile(rf",? (?:(?:en )?(?:ik )?zit in |uit )(?:{_CLASS})", re.IGNORECASE)
