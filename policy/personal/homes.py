"""Where somebody lives: a street with a number where a person speaks of home, or a postcode with a house number."""

from __future__ import annotations

import re
from dataclasses import dataclass

from policy.personal.reading import Reading, mentions, words

_NUMBER = re.compile(
    r"(?<![^\W\d_])([^\W\d_][^\W\d_'.]{2,38})\.?[ ,]{1,2}(?:(?:op )?(?:nr|nummer|no)\.? ?)?"
    r"(\d{1,4})( ?-? ?(?:[a-z]\b|\d{1,3}\b|bis\b))?(?![\d%€:]|[.,/]\d|\w)"
)
"""A word with a number behind it, perhaps with an addition."""
_TURNED = re.compile(r"\b(?:nr|nummer|huisnummer)\.? (\d{1,4}) ?[a-z]? (?:in|aan|op|van) (?:de |het )?([^\W\d_]{4,39})")
"""`op nummer 12 in de Kerkstraat`."""
_STREETS = tuple(
    words(
        "straat straatje laan laantje weg plein pleintje dreef hof pad steeg gracht kade singel dijk "
        "plantsoen erf brink boulevard allee oever werf vaart gaarde weide akker oord woud duin zoom wal vest "
        "markt park ring drift meent kreek sloot beek stede rede lei stee haven veld str"
    )
)
_NO_STREETS = words(
    "onderweg snelweg ipad launchpad notepad gamepad touchpad supermarkt schoolplein pretpark kerkhof "
    "halverwege zeeweg voetbalveld sportveld speelveld bewijsstuk overleg verleg jachthaven vliegveld "
    "omweg terugweg spoorweg fietspad rijksweg autoweg waterweg melkweg speurneus zandpad binnenhof "
    "gerechtshof loopbaan"
)
"""Words that end as a street does."""
_UNIT = re.compile(
    r"\s{0,2}(?:jaar|jaren|maand|week|weken|dag|dagen|uur|min|minuten|seconden|km|kilo|meter|m\b|cm|mm|euro|x\b|keer"
    r"|kinderen|mensen|personen|leerlingen|graden|procent|punten|stuks|januari|februari|maart|april|mei|juni|juli"
    r"|augustus|september|oktober|november|december|years|minutes|km|people|times|days)"
)
_POSTCODE = re.compile(r"(?<![\w\-])(?<!\d[.,])([1-9]\d{3})( ?)([a-z]{2})(?![^\W_])")
_NO_LETTERS = words(
    "is in op de en er of ik je we ze om te na al zo nu ga ja me he to at on by it an as be do go no up "
    "us so my nl eu uk km kg cm mm ml gb mb kb tb px pt hz am pm ms dm dl cl ha ad ac bc ce wh kw mw st "
    "nd rd th sa sd ss"
)
"""Pairs behind four digits that are a word or a unit (`in 1945 is`, `1080 px`), or that no postcode has."""
_HOUSE_AFTER = re.compile(
    r"[\s,;:\-]{1,3}(?:(?:huis)?(?:nummer|nr\.?|no\.?)[\s:]{0,3})?\d{1,4} ?[a-z]?(?![\w%€]|[.,:/]\d)"
)
_POSTBOX = re.compile(r"\b(?:postbus|antwoordnummer|po box)\b")
_HOUSE_BEFORE = re.compile(r"[^\W\d_][\w'.]{2,30} \d{1,4} ?-? ?(?:[a-z]|\d{1,3})?[\s,]{1,3}$")
_KEY = r"[\"']?\s{0,2}[:=]\s{0,2}[\"']?"
_POSTCODE_KEY = re.compile(rf"(?:post_?-?code|postal_?-?code|zip(?:_?-?code)?)(?:\w{{0,12}}){_KEY}$")
_HOUSE_KEY = re.compile(
    rf"(?<![a-z])(?:huis_?-?(?:nummer|nr)|(?:house|street)_?-?(?:number|no|nr)|hnr|nr|nummer|number){_KEY}\d{{1,4}}(?![\d.,])"
)
_HOUSE_SAID = re.compile(r"\bhuis[ -]?(?:nummer|nr)\b\W{0,3}(?:is )?\d{1,4}(?![\d.,])")
_STREET_KEY = re.compile(
    rf"(?<![a-z])(?:straat(?:_?-?naam)?|street(?:_?-?(?:name|address))?|woonadres|thuisadres){_KEY}[^\W\d_]{{3}}"
)
_HOME = re.compile(
    r"\b(?:ik|wij|we|ikke) (?:woon|wonen)|\bwoon(?:adres)?\b|\bwonen (?:wij|we)\b|\b(?:mijn|ons|m'n|me|my|huis|thuis)"
    r"[ -]?(?:adres|address|huis)\b|\bbij (?:mij|ons|me)\b|\bthuis\b|\bi live\b"
)
"""Somebody speaks of his own home."""
_PERHAPS_HOME = re.compile(
    r"\bwoont\b|\bkom\w* (?:je |dan |maar |even |ff )?"
    r"(?:naar|langs|bij)\b|\badres\b|\bfeestje\b|\bik ben (?:op|bij|aan)\b|\bafspreken\b|\bspreken (?:we )?af\b"
    r"|\bhaal\w* (?:me|mij|het) (?:\w+ )?op\b"
)
_HOME_HERE = re.compile(
    rf"(?:\b(?:ik|wij|we) (?:woon|wonen)(?: nu| ook| hier| gewoon)? (?:op|aan|in)(?: de| het| 't)?"
    rf"|\b(?:mijn|ons|m'n|me|mn) (?:huis)?adres(?: is| =|:)?(?: de| het)?|(?<![a-z])(?:adres|address){_KEY})"
    r"\s{0,2}([^\W\d_][^\W\d_'.]{2,30}(?: [^\W\d_'.]{2,20}){0,3}) (\d{1,4}) ?[a-z]?(?![\d%€:]|[.,/]\d|\w)"
)
_NOT_A_STREET = words(
    "groep klas kamer nummer verdieping etage een een huis flat met mijn sinds vanaf tot ongeveer bijna "
    "ruim al al meer dan samen want maar ben zit heb and the with since mail email ip web artikel "
    "bladzijde vraag wijk"
)
_ENGLISH = re.compile(r"\d{1,4} (?:[a-z]{2,20} ){1,2}(?:street|road|avenue|lane|drive|st|rd|ave)\b")
_ENGLISH_HOME = re.compile(r"\bi live\b|\bmy (?:home )?address\b|\bmy house\b")
_SIGHT = re.compile(
    r"museum|paleis|anne frank|station|bibliotheek|winkel|hotel|theater|stadhuis|kasteel|monument|gebouw|dook"
    r"|ondergedoken|\bschool\b|open dag|praktijk|gemeente|dierentuin|zwembad|holmes|kantoor|naturalis|artis|\bnemo\b"
    r"|efteling|madurodam|blijdorp|burgers.? zoo|beeld en geluid|archeon|attractiepark|pretpark|speeltuin"
    r"|kinderboerderij"
)
"""Then it is a place that anybody may go to."""
_FAMOUS = frozenset({"prinsengracht 263", "prinsengracht 267", "museumstraat 1", "binnenhof 1", "museumplein 6"})
_LINE = re.compile(
    r"^\s{0,3}(?:[A-Z][^\W\d_'.]{0,25} |de |den |van |der |het |'s-){0,4}[A-Z][^\W\d_'.]{2,38} ?,? ?\d{1,4}"
    r" ?-? ?\w{0,3}(?:,? [^\W\d_\-' ]{2,25}(?: [^\W\d_\-']{2,25}){0,2})?[\s.!]{0,3}$"
)
_BARE_LINE = re.compile(
    r"^\s{0,3}(?:[^\W\d_'.]{2,20} )?[^\W\d_'.]{2,38}(?:straat|laan|plein|gracht|kade|steeg|dreef|singel"
    r"|hof|pad|dijk|weg) \d{1,4}[a-z]?(?:,? [^\W\d_\-' ]{3,25})?[\s.!]{0,3}$"
)
_ENDED = re.compile(r"[!?\n]|(?<=[a-z]{3})\.(?=\s)")
_NEAR = 60
_MOST = 400


@dataclass(frozen=True, slots=True)
class Public:
    """The school's own places: street with number, and postcodes."""

    streets: frozenset[str]
    postcodes: frozenset[str]


def said(reading: Reading, public: Public) -> bool:
    """Whether a home address is in the text; the school's own does not count."""
    low = reading.low
    streets = _streets(low)
    # What stands next to the school's own street is about the school.
    ours = [place for place, name in streets if name in public.streets]
    postcodes = [
        found
        for found in _postcodes(low)
        if found[2] not in public.postcodes and not any(abs(found[0] - place) < _NEAR for place in ours)
    ]
    theirs = [(place, name) for place, name in streets if name not in public.streets and name not in _FAMOUS]
    return (
        any(_at_home(low, start, end, theirs) for start, end, _ in postcodes)
        or any(_spoken_of(reading, place, name) for place, name in theirs)
        or _told(low, public)
        or (
            mentions(low, ("straat", "street", "adres"))
            and _STREET_KEY.search(low) is not None
            and _HOUSE_KEY.search(low) is not None
        )
    )


def public(contacts: frozenset[str]) -> Public:
    """The streets and postcodes among the school's own public contacts."""
    lows = [contact.lower() for contact in contacts]
    anywhere = (f"{match[1]} {match[2]}" for low in lows for match in _NUMBER.finditer(low))
    return Public(frozenset(anywhere), frozenset(found[2] for low in lows for found in _postcodes(low)))


def _streets(low: str) -> list[tuple[int, str]]:
    """Where a street with a number stands, and which."""
    found = []
    for match in _NUMBER.finditer(low):
        word = match[1]
        if word.endswith(_STREETS) and word not in _NO_STREETS and word not in _STREETS:
            if not _UNIT.match(low, match.end()):
                found.append((match.start(), f"{word} {match[2]}"))
            if len(found) >= _MOST:
                break
    if not mentions(low, ("nr", "nummer")):
        return found
    turned = ((match.start(), f"{match[2]} {match[1]}") for match in _TURNED.finditer(low))
    return found + [one for one in turned if one[1].partition(" ")[0].endswith(_STREETS)]


def _postcodes(low: str) -> list[tuple[int, int, str]]:
    """Start, end and plain form of what may be a postcode; a word or a unit behind a year is none."""
    found = []
    for match in _POSTCODE.finditer(low):
        if match[3] in _NO_LETTERS and not _POSTCODE_KEY.search(low[max(0, match.start() - 40) : match.start()]):
            continue
        found.append((match.start(), match.end(), match[1] + match[3]))
        if len(found) >= _MOST:
            break
    return found


def _at_home(low: str, start: int, end: int, streets: list[tuple[int, str]]) -> bool:
    """Whether a house number goes with a postcode: behind or before it, on a street near it, or in its own field."""
    if _POSTBOX.search(low, max(0, start - 40), start):
        return False
    told = _ENDED.split(low[max(0, start - 2 * _NEAR) : start])[-1]
    if _SIGHT.search(told) and not _HOME.search(told):
        return False
    after = _HOUSE_AFTER.match(low, end)
    if after is not None and not _UNIT.match(low, after.end()):
        return True
    before = low[max(0, start - _NEAR) : start]
    if _HOUSE_SAID.search(low, max(0, start - _NEAR), end + _NEAR):
        return True
    if _HOUSE_BEFORE.search(before) or any(start - _NEAR <= place <= end + 40 for place, _ in streets):
        return True
    return _POSTCODE_KEY.search(before) is not None and _HOUSE_KEY.search(low) is not None


def _spoken_of(reading: Reading, place: int, name: str) -> bool:
    """Whether somebody speaks of home where a street with a number stands, or it stands there by itself."""
    low = reading.low
    near = low[max(0, place - _NEAR) : place + len(name) + 40]
    line_start = low.rfind("\n", 0, place) + 1
    line_end = low.find("\n", place)
    line = reading.text[line_start : line_end if line_end >= 0 else len(low)] if line_start >= place - 120 else ""
    if len(line) <= 120 and (_LINE.match(line) or _BARE_LINE.match(line)):
        return True
    if _STREET_KEY.search(low[max(0, place - 40) : place + 4]):
        return True
    if _HOME.search(near):
        return True
    return _PERHAPS_HOME.search(near) is not None and _SIGHT.search(near) is None


def _told(low: str, public: Public) -> bool:
    """Whether somebody says outright where home is; then any name will do for a street."""
    if not mentions(low, ("woon", "wonen", "adres", "address", "my house", "i live")):
        return False
    for match in _HOME_HERE.finditer(low):
        words = match[1].split()
        if _NOT_A_STREET.isdisjoint(words) and not _UNIT.match(low, match.end()):
            name = f"{words[-1]} {match[2]}"
            if name not in public.streets and name not in _FAMOUS:
                return True
    return _ENGLISH_HOME.search(low) is not None and _ENGLISH.search(low) is not None
