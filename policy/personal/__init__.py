"""Personal data in what somebody is about to send: which types are in a text, never the data itself.

A type is only found by what makes it that type (a valid number, a check digit, a place in the sentence): a guard that
holds sums, serial numbers and essays about other people is switched off within a week.
"""

from __future__ import annotations

from collections.abc import Collection

from policy.personal import birthday, emails, homes, names, numbers, phones
from policy.personal.reading import Reading, read

TYPES = ("phone", "bsn", "iban", "email", "address", "birthday", "fullname-class")
"""Every type that `find` knows. `policy.roster` adds `fullname`."""


def find(text: str, *, public: Collection[str] = ()) -> frozenset[str]:
    """The types of personal data in a text, of which the first 64 K characters are read.

    `public` is what everybody may know of the school itself (telephone numbers, mail addresses, street with number):
    that is never personal data. The time is linear in the length of the text.
    """
    reading = read(text)
    found = _signed(reading, frozenset(public))
    if names.said(reading):
        found.add("fullname-class")
    return frozenset(found)


def _signed(reading: Reading, public: frozenset[str]) -> set[str]:
    found: set[str] = set()
    if emails.said(reading, emails.public(public)):
        found.add("email")
    if reading.spelled is not None and phones.said(reading.spelled, phones.public(public)):
        found.add("phone")
    if not reading.has_digits:
        return found
    if phones.said(reading.text, phones.public(public)):
        found.add("phone")
    if numbers.bsn(reading):
        found.add("bsn")
    if numbers.iban(reading):
        found.add("iban")
    if homes.said(reading, homes.public(public)):
        found.add("address")
    if birthday.said(reading):
        found.add("birthday")
    return found
