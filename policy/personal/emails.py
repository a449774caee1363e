"""Mail addresses of persons, plain (`a@b.nl`) or dressed up (`a apenstaartje b punt nl`)."""

from __future__ import annotations

import re

from policy.personal.reading import Reading, words

_AT = re.compile(
    r"@|[(\[{<]\s?(?:at|apenstaart(?:je)?|apestaart(?:je)?|a)\s?[)\]}>]|\b(?:at|apenstaart(?:je)?|apestaart(?:je)?)\b"
)
_MOST = 256
_LOCAL = re.compile(r"([a-z0-9](?:[\w.+%\-']|\s(?:punt|dot|underscore|streepje)\s){0,63})(\s{0,2})$")
_DOT = r"\s{0,2}(?:\.|\bpunt\b|\bpuntje\b|\bdot\b|[(\[{]\s?(?:punt|dot|\.)\s?[)\]}])\s{0,2}"
_DOMAIN = re.compile(rf"(\s{{0,2}})([a-z0-9][a-z0-9\-]{{0,62}}(?:{_DOT}[a-z0-9\-]{{1,63}}){{0,4}})")
_SPELLED_DOT = re.compile(_DOT)
_HOST = re.compile(r"[a-z0-9][a-z0-9\-]{0,62}(?:\.[a-z0-9\-]{1,63}){1,8}")
_PROVIDERS = words(
    "gmail googlemail hotmail outlook live msn yahoo ymail icloud me mac proton protonmail gmx aol ziggo "
    "kpnmail kpn planet hetnet home casema chello upcmail quicknet telfort tele2 xs4all solcon caiway "
    "zeelandnet onsbrabantnet telenet skynet web freenet mail zonnet wanadoo tiscali versatel online"
)
"""Names of providers where people have a mailbox."""
_ONLY_MAIL = words("gmail googlemail hotmail outlook yahoo icloud protonmail ziggo kpnmail hetnet")
"""Those of them that mean mail and nothing else, so that the ending may be left out."""
_ENDINGS = words("nl com net org be de eu info me uk fr edu io frl school nu co tr ma pl")
_FILES = words(
    "png jpg jpeg gif svg webp avif ico css js mjs ts tsx json map html htm xml pdf mp3 mp4 webm woff woff2 ttf"
)
"""What stands after the last dot of a file: `icon@2x.png`, `pkg@1.2.js`."""
_NOBODY = words(
    "jeugd bieb kinderen vragen post kantoor balie leerlingen ouders bestuur media web admin "
    "root hr jobs hello aanmelden inschrijven bestellen info contact noreply no-reply donotreply postmaster "
    "webmaster support help helpdesk klantenservice service redactie receptie administratie directie secretariat "
    "secretariaat pers press sales privacy "
    "abuse git security team hallo naam jouwnaam name yourname user username gebruiker gebruikersnaam "
    "voorbeeld example email mail iemand someone voornaam.achternaam firstname.lastname"
)
"""Mailboxes of no person: of an office, or a placeholder in an explanation."""
_MACHINES = ("calendar.google.com", "gserviceaccount.com", "sentry.io", "mail.gmail.com", "noreply.github.com")
_BLOB = re.compile(r"[0-9a-z]{28,}$")
_ABOUT_MAIL = re.compile(r"\be?-?mail")


def said(reading: Reading, public: frozenset[str]) -> bool:
    """Whether a mail address of a person is in the text; `public` are addresses that do not count."""
    return any(address not in public for address in _all(reading.low))


def public(contacts: frozenset[str]) -> frozenset[str]:
    """The mail addresses among the school's own public contacts."""
    return frozenset(contact.strip().lower() for contact in contacts if "@" in contact)


def _all(low: str) -> list[str]:
    found = []
    for count, at in enumerate(_AT.finditer(low)):
        if count >= _MOST:
            break
        before, after = low[max(0, at.start() - 72) : at.start()], low[at.end() : at.end() + 140]
        local = _LOCAL.search(before)
        if local is None or before[: local.start()].endswith(("://", "/")):
            continue
        host = _plain(after) if at.group() == "@" and not local[2] else None
        host = host or _dressed_up(at.group(), before, after, bool(local[2]))
        who = local[1].strip(".'-")
        if host and who not in _NOBODY and not host.endswith(_MACHINES) and not _BLOB.match(who):
            found.append(f"{who}@{host}")
    return found


def _plain(after: str) -> str | None:
    """The host that stands right behind the sign, written as everybody does."""
    match = _HOST.match(after)
    host = match.group().strip("-.") if match else ""
    ending = host.rpartition(".")[2]
    # What a sentence glues behind the dot (`a@b.nl.Groetjes`) does no harm: it is an address all the same.
    return host if "." in host and ending.isalpha() and 2 <= len(ending) <= 24 and ending not in _FILES else None


def _dressed_up(at: str, before: str, after: str, gap: bool) -> str | None:
    """The host of an address that somebody hides; the more hidden, the less it must look like one otherwise."""
    match = _DOMAIN.match(after)
    if match is None:
        return None
    labels = [label for label in _SPELLED_DOT.split(match[2]) if label]
    sure = at not in ("@", "at")  # a bracket around it, or the Dutch word for the sign
    if len(labels) == 1:
        glued = at == "@" and not gap and not match[1]
        named = labels[0] in _ONLY_MAIL and (sure or glued or (at == "at" and _ABOUT_MAIL.search(before) is not None))
        return labels[0] if named else None
    spelled = len(labels) != match[2].count(".") + 1
    ending = next((place for place in (1, 2) if place < len(labels) and labels[place] in _ENDINGS), None)
    if ending is None or not (sure or spelled or labels[0] in _PROVIDERS):
        return None
    return ".".join(labels[: ending + 1])
