"""The terms as the handbook has them: made from `store.retention.Terms`, so that paper and program agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

from store.retention import Terms

HANDBOOK = Path(__file__).resolve().parents[3] / "docs" / "handboek"
PAGE = HANDBOOK / "directie.md"
BEGIN, END = "<!-- termen -->\n", "<!-- einde termen -->"
SAID: Mapping[str, str] = {
    "blocked": "wat dicht bleef, of met toestemming openging",
    "noted": "hetzelfde, met een briefje van de leerkracht erbij",
    "asks": "een vraag van een kind, en het antwoord",
    "reports": "een melding van een kind of collega",
    "measures": "verboden, aantekeningen en toestemmingen, na afloop (of eerder, op 1 augustus)",
    "audit": "het logboek van medewerkers",
    "sessions": "inlogsessies en gebruikte links, na afloop",
    "counts": "aantallen per uur, zonder namen",
    "signals": "een stil bericht aan de vertrouwenspersonen",
    "proposals": "een voorstel over een onbekende site, nadat die voor het laatst gezien is",
    "decided": "wat u over zo'n voorstel besliste",
    "notices": "een storing, na afloop",
    "refusals": "een app die het certificaat weigert",
    "prepared": "wat een leerkracht klaarzette en niet gebruikte",
    "sign_ins": "wie op welk gedeeld apparaat zat",
    "substitutes": "een invaller, na de laatste dag",
    "expected": "een mailadres waarmee iemand nog moet inloggen",
    "emergencies": "het gebruik van de nooduitgang",
    "self_tests": "de uitslag van de zelftest van een apparaat",
    "print_jobs": "een print die op een ja wacht en die de printserver vergat",
}
"""What each term is about, for a reader who does not know the program."""


def _days(number: int) -> str:
    return "1 dag" if number == 1 else f"{number} dagen"


def block() -> str:
    """The table, as it stands between the two marks."""
    terms = Terms()
    lines = ["| wat | hoogstens |", "|---|---|"]
    lines += [f"| {SAID[one.name]} | {_days(getattr(terms, one.name))} |" for one in fields(Terms)]
    return "\n".join(lines) + "\n"


def written() -> str:
    """The handbook's page with the table as it should be."""
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    return f"{before}{BEGIN}{block()}{END}{rest.partition(END)[2]}"
