"""Which fields of what is sent a person may have filled in: by their names and their shape.

Most of what a browser sends is said by machines: measurements, saves, clicks. Numbers without a name that tells,
tokens, addresses of pages and long codes are nobody's words; a password is never looked at.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from html import unescape

from policy.match import covered
from policy.model import Snapshot

MOST_FIELDS = 2_000
MOST_TEXT = 64 * 1024
"""Characters of all fields together that are read."""
LONGEST_CODE = 64
"""Letters without a blank: longer is no word of a person."""
_KEPT_NAMES = 2_048  # names of fields whose words are remembered


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that is sent: the name that the page gives it (empty: none) and the text in it."""

    name: str
    text: str


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_PASSWORDS = re.compile(
    r"password|passwd|passwort|passphrase|passcode|pwd|wachtwoord|mot_?de_?passe"
    r"|(?<![a-z])(?:user|login|my|new|old|re|confirm|nieuw|oud)?(?:pass|pw)(?![a-z])"
    r"|(?<!com)(?<!tres)(?<!by)(?<!sur)pass$"
)
_SECRETS = _set(
    "csrf xsrf token nonce captcha recaptcha hcaptcha signature viewstate eventvalidation otp jwt bearer auth secret"
    " authenticity session sessionid cookie fingerprint hash checksum sig hmac etag"
)
_MACHINE = _set(
    "id ids uid guid uuid cid gid tid sid pid vid ts time timestamp date created updated version ver build seq sequence"
    " key code hash event events type kind status state ref referrer referer url uri href path page host"
    " origin title dt"
    " dl dr ua agent useragent user-agent browser os platform device model locale lang language timezone tz screen"
    " viewport width height size count total num index offset limit sku ean isbn order track tracking stack trace error"
    " level category action label target selector class classname style css font color theme module component"
    " experiment"
    " variant flag revision rev etag build sdk client api score points duration lat lng lon latitude longitude x y z"
)
"""Names of what a page fills in by itself."""
_TELLING = _set(
    "tel telefoon telefoonnummer telephone phone phonenumber mobile mobiel gsm whatsapp nummer nr number bsn"
    " burgerservicenummer iban rekening rekeningnummer bank email mail e-mail emailaddress mailadres straat straatnaam"
    " street streetname adres address huisnummer huisnr housenumber hnr postcode postalcode zip zipcode naam name"
    " fullname voornaam achternaam firstname lastname surname roepnaam leerling student groep klas grade"
    " jaargroep school"
    " geboortedatum geboortedag geboortemaand geboortejaar birthdate birthday dob bday birth geboorte dag"
    " maand jaar day"
    " month year verjaardag afzender schoolnaam schoolname woonadres given family"
)
"""Names that say what the value is: they are read with it."""
_SPOKEN = _set(
    "message msg text txt body content comment reply chat bericht berichten tekst reactie opmerking vraag"
    " answer antwoord"
    " caption description beschrijving post bio about note notes notitie value input inhoud verhaal story review say"
)
"""Names of what somebody writes to others."""
_LOGIN = _set(
    "user username login loginfmt email mail e-mail account identifier gebruiker gebruikersnaam naam name firstname"
    " lastname voornaam achternaam fullname nickname hint upn"
)
_LAUNCH = re.compile(r"(?:ext_)?(?:lis_person|lti)_", re.IGNORECASE)
"""Fields by which a school's learning environment opens a tool for a child (LTI)."""
_SIGN_IN = _set(
    "user username login loginfmt email mail e-mail emailaddress account identifier gebruiker gebruikersnaam hint upn"
    " loginhint authuser"
)
"""Names of what one types in the first step of signing in."""
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_NAME_SIGNS = re.compile(r"[^\w]+")
_ADDRESS = re.compile(r"\s*[\w.+\-%']{1,64}@([\w\-.]{1,253})\s*")
_CODE = re.compile(r"[0-9a-fA-F\-]{16,}|[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-.*|[A-Za-z0-9+/_\-=.]{24,}")
_BASE64 = re.compile(r"[A-Za-z0-9+/_\-.~]+={0,3}")
_ESCAPES = re.compile(r"[@%+=]")
_STAMP = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*")
_LINK = re.compile(r"\s*(?:https?|wss?|blob|data|chrome-extension|file|urn):\S*\s*", re.IGNORECASE)
_NUMBER = re.compile(r"[\d.,:eE+\-\s]*")
_BLOCK = re.compile(r"<(?:/?(?:p|div|br|li|ul|ol|tr|td|h[1-6]|blockquote)\b[^<>]{0,300})>", re.IGNORECASE)
_COLUMN = re.compile(r"(?<!\d)(?<!\d\n)(?:0\n6(?:\n\d){8}|06(?:\n\d\d){4})(?!\n?\d)")
"""A telephone number with its digits below each other; only within one field, numbers of a page stand there too."""
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,300}>")
_KEY_NAME = re.compile(r"[\w.\-\[\]$]{0,40}")
"""A name that a page gives: it is remembered what words are in it. In any other a person may have written."""
_SOUP = re.compile(
    r"(?:[^!#$^`{|}~\[\]()*;?@]{0,64}[!#$^`{|}~\[\]()*;?@]){3}"
    r"|(?=.{0,64}@)(?:.{0,64}[#$^`{|}~\[\]]|.{1,64}[%*(]"
    r"|.{0,64}[!?](?!$)|(?:.{0,64}[:=/)]){2}|.{0,64}@[\w.\-]{0,64}[a-z][A-Z])"
)
"""Signs anywhere: what some programs call their parts, and no word, number or mail address."""
_CODE_TEXT = re.compile(r"Mozilla/\d|[{};]\s*[\w-]+\s*[:=(]|function\s*\(|=>|\bat \w+[.\w]* ?\(|-apple-system|rgba?\(")


def human(texts: Iterable[Field], snapshot: Snapshot) -> list[Field]:
    """The fields that a person may have filled in, their texts without mark-up; never a password."""
    fields = list(texts)
    if len(fields) > MOST_FIELDS:
        fields = fields[: MOST_FIELDS // 2] + fields[-MOST_FIELDS // 2 :]
    login = any(_is_password(field.name) for field in fields)
    alone = login or not any(_name_words(field.name) & _SPOKEN and field.text.strip() for field in fields)
    found: list[Field] = []
    for field in fields:
        text = ends(field.text)
        if _is_password(field.name) or not text.strip():
            continue
        words = _name_words(field.name)
        if _by_machine(words, text) or _signs_in(field.name, text, snapshot, login=login, alone=alone):
            continue
        if "<" in text:
            text = _TAG.sub("", _BLOCK.sub("\n", text))
        if "&" in text:
            text = unescape(text)
        if "\n" in text:
            text = _COLUMN.sub(lambda number: number.group().replace("\n", " "), text)
        found.append(Field(_label(field.name, words), text))
    return _bounded(found)


def ends(text: str) -> str:
    """The text, or of a long one its start and its end: filling before, after or between hides nothing at the ends."""
    if len(text) <= MOST_TEXT:
        return text
    return f"{text[: MOST_TEXT // 2]}\n{text[-MOST_TEXT // 2 + 1 :]}"


def _bounded(fields: list[Field]) -> list[Field]:
    """The first and the last of the fields, as much as is read."""
    if sum(len(field.text) for field in fields) <= MOST_TEXT:
        return fields
    first: list[Field] = []
    last: list[Field] = []
    waiting = deque(fields)
    left = MOST_TEXT // 2
    while waiting and left > 0:
        field = waiting.popleft()
        first.append(Field(field.name, field.text[:left]))
        if len(field.text) > left:
            waiting.appendleft(Field(field.name, field.text[left:]))
        left -= len(field.text)
    left = MOST_TEXT // 2
    while waiting and left > 0:
        field = waiting.pop()
        last.append(Field(field.name, field.text[-left:]))
        left -= len(field.text)
    return [*first, *reversed(last)]


def _is_password(name: str) -> bool:
    return _PASSWORDS.search(name.lower()) is not None


def _name_words(name: str) -> frozenset[str]:
    """The words of a field's name in small letters, with the name as a whole: `phoneNumber`, `phone_number`."""
    return _remembered(name) if _KEY_NAME.fullmatch(name) else _words_in(name[-80:])


@lru_cache(_KEPT_NAMES)
def _remembered(name: str) -> frozenset[str]:
    return _words_in(name)


def _words_in(short: str) -> frozenset[str]:
    words = [word.lower() for word in _WORDS.findall(short)]
    return frozenset([*words, "".join(words), short.lower()])


def _label(name: str, words: frozenset[str]) -> str:
    """The name where it tells what the value is, `*` for a message, else nothing."""
    if words & _TELLING:
        return _NAME_SIGNS.sub("_", name)[-40:]
    return "*" if words & _SPOKEN else ""


def _by_machine(words: frozenset[str], text: str) -> bool:
    """Whether a page has filled this in by itself."""
    if words & _SECRETS:
        return True
    if _LINK.fullmatch(text):
        return True
    told, spoken = bool(words & _TELLING), bool(words & _SPOKEN)
    bare = text.strip()
    if len(bare.split(None, 1)) == 1:
        if len(bare) > LONGEST_CODE and (_BASE64.fullmatch(bare) or not _ESCAPES.search(bare)):
            return True
        if words & _MACHINE and not told and not spoken:
            return True
        if _CODE.fullmatch(bare) and not told and not ("+" in bare or "@" in bare) and not _bank(bare):
            return True
        if not told and not spoken and _SOUP.match(bare):
            return True
    if _STAMP.fullmatch(bare) and not told:
        return True
    if bare.isdecimal():
        return not (told or spoken or words == frozenset({""}))
    if _NUMBER.fullmatch(bare) and words & _MACHINE and not told:
        return True
    return _CODE_TEXT.search(text[:2_000]) is not None and not spoken


def _bank(text: str) -> bool:
    return text[:2].isalpha() and text[2:4].isdigit() and len(text) <= 34


def _signs_in(name: str, text: str, snapshot: Snapshot, *, login: bool, alone: bool) -> bool:
    """Whether this is who somebody is to the site itself: the account that the school gave, a name beside a password,
    a mail address where one signs in (`alone`: nothing is said to anybody beside it), or what a tool is told at its
    launch.
    """
    words = _name_words(name)
    if (login and words & _LOGIN) or _LAUNCH.match(name):
        return True
    address = _ADDRESS.fullmatch(text)
    if address is None:
        return False
    return login or (alone and bool(words & _SIGN_IN)) or covered(address[1].lower(), snapshot.policy.domains)
