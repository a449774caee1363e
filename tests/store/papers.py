"""`python -m tests.store.papers [--write]`: the register of what is kept and the picture of where it goes.

DPIA and register lean on it, and it cannot lie: it is made of `store.inventory`, which a test holds to the tables.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from config.texts import say
from store.columns import sealed_in
from store.due import Terms
from store.inventory import ACCOUNT_HOLDINGS, HOLDINGS, MAIN_HOLDINGS, UNSEALED, Erase, Holding, Of

PAGE = Path(__file__).resolve().parents[2] / "docs" / "handboek" / "gegevens.md"

OF = {Of.PUPILS: "leerlingen", Of.STAFF: "medewerkers", Of.BOTH: "leerlingen en medewerkers", Of.NOBODY: "niemand"}
ERASE = {
    Erase.GONE: "gaat weg",
    Erase.CUT: "het kind gaat eruit",
    Erase.LEFT: "blijft tot de termijn",
    Erase.NONE: "-",
}
HEAD = """# Welke gegevens er zijn, en waar ze heen gaan

Deze bladzijde maakt het programma zelf uit zijn database; een test kijkt of zij klopt. Gebruik haar bij
de [DPIA en het register](directie.md). Waarom, op welke grond en wie het ziet, staat daar.
Wat hier niet staat, bewaart Klaswacht niet. Hetzelfde staat ook in [reservekopieën](reservekopie.md),
en na een [bijwerking](installeren.md) in een kopie van ervoor, tot u die weggooit.
"""


def term(one: Holding) -> str:
    found = []
    for name in one.terms:
        days = getattr(Terms(), name, 0)
        code = (
            name if name in {"measures", "year", "lesson", "stays", "day", "hour"} else "day" if days == 1 else "days"
        )
        found.append(say(f"privacy.term.{code}", days=days))
    return ", of ".join(dict.fromkeys(found))


def words(one: Holding) -> str:
    """Which of its columns hold a name, own words, or something that nobody can read."""
    said = [f"naam: `{name}`{shut(one, name)}" for name in one.names]
    said += [f"eigen woorden: `{name}`{shut(one, name)}" for name in (*one.texts, *one.bodies)]
    said += [f"wie het deed: `{name}`" for name in one.staff]
    said += [f"onleesbaar of geheim: `{name}`" for name in one.secrets]
    return "; ".join(said) or "-"


def shut(one: Holding, name: str) -> str:
    """How a word is kept from who has the database alone."""
    kind = sealed_in(one.table).get(name)
    return " (leesbaar)" if kind is None else " (verzegeld, herkenbaar)" if kind.exact else " (verzegeld)"


def row(one: Holding) -> str:
    what = say(f"privacy.table.{one.name}")
    shown = "ja" if one.shown else "in vertrouwen" if one.why == "told" else "-"
    cells = (f"{what} (`{one.name}`)", OF[one.of], words(one), term(one), ERASE[one.erase], shown)
    return f"| {' | '.join(cells)} |"


def register(holdings: tuple[Holding, ...]) -> Iterator[str]:
    yield "| wat | van wie | woorden erin | hoe lang, hoogstens | bij wissen (art. 17) | bij inzage (art. 15) |"
    yield "|---|---|---|---|---|---|"
    yield from map(row, holdings)


def kinds() -> Iterator[str]:
    """What the DPIA asks (AVG art. 35, 7a and d): kinds of data, of whom, in which columns, how they are kept."""
    yield "| soort | van wie | waar | hoe bewaard |"
    yield "|---|---|---|---|"
    for what, find in (
        ("naam of adres van iemand", lambda one: one.names),
        ("wat iemand zelf typte", lambda one: (*one.texts, *one.bodies)),
        ("over wie het gaat, een nummer", lambda one: (*filter(None, [one.about]), *one.among)),
        ("wie van school het deed, een nummer", lambda one: one.staff),
        ("hash, code of sleutel", lambda one: one.secrets),
    ):
        for of in Of:
            found = [(one, name) for one in HOLDINGS if one.of is of for name in find(one)]
            for how in dict.fromkeys(kept(one, name) for one, name in found):
                where = ", ".join(f"`{one.name}.{name}`" for one, name in found if kept(one, name) == how)
                yield f"| {what} | {OF[of]} | {where} | {how} |"


def kept(one: Holding, name: str) -> str:
    """How a column is kept in the database."""
    kind = sealed_in(one.table).get(name)
    if kind is not None:
        same = "; te zien is welke gelijk zijn" if kind.exact else ""
        return f"verzegeld, sleutel buiten de database{same}"
    if name in one.secrets:
        return "onleesbaar of tijdelijk"
    return (
        "leesbaar: geen woord over een kind"
        if name in (*one.names, *one.texts)
        else "leesbaar, zegt zonder naam niet wie"
    )


def node(one: Holding) -> str:
    return one.name.replace(".", "_")


def picture() -> Iterator[str]:
    """From whom it comes, in which database it is, and where it goes out; an arrow for each id of a person."""
    yield "```mermaid"
    yield "flowchart LR"
    yield '  kind(["leerling"]) -->|"verkeer, in het geheugen beoordeeld"| bewaker["proxy, namen, agent"]'
    yield '  collega(["medewerker"]) -->|"https"| beheer["dashboard"]'
    yield '  bewaker -->|"alleen uitzonderingen"| school'
    yield '  bewaker -->|"alleen wat open is"| internet(["internet"])'
    yield "  beheer --> school"
    yield "  beheer --> accounts"
    for name, title, holdings in (
        ("school", "database van de school", MAIN_HOLDINGS),
        ("accounts", "database van de accounts: de proxy kan er niet bij", ACCOUNT_HOLDINGS),
    ):
        yield f'  subgraph {name} ["{title}"]'
        yield from (
            f'    {node(one)}["{say(f"privacy.table.{one.name}")}"]' for one in holdings if one.of is not Of.NOBODY
        )
        yield "  end"
    for one in MAIN_HOLDINGS:
        if one.name != "people" and (one.about or one.among):
            yield f"  {node(one)} -.->|{', '.join(filter(None, (one.about, *one.among)))}| people"
    yield '  sleutel[/"sleutel van namen en teksten, buiten de database"/] -.-> beheer & bewaker'
    yield '  school -->|"versleuteld"| kopie[("reservekopie")]'
    yield '  accounts -->|"versleuteld"| kopie'
    yield '  school -->|"één kind, zonder anderen"| inzage(["ouder: klaswacht privacy export"])'
    yield '  school -->|"alleen aantallen"| hulp(["helpdesk: klaswacht support bundle"])'
    yield "```"


def page() -> str:
    """The page as it must be."""
    names = sum(len(one.names) for one in HOLDINGS)
    texts = sum(len(one.texts) + len(one.bodies) for one in HOLDINGS)
    sealed = sum(len(sealed_in(one.table)) for one in HOLDINGS)
    open_ = " en ".join(f"`{name}`" for name in UNSEALED)
    pupils = [one for one in HOLDINGS if one.of in {Of.PUPILS, Of.BOTH}]
    lines = [
        HEAD,
        f"Er zijn {len(HOLDINGS)} tabellen. In {len(pupils)} daarvan kan iets over een leerling staan.",
        f"{names} kolommen houden een naam of adres van iemand, {texts} houden woorden die iemand zelf typte.",
        f"Daarvan zijn er {sealed} verzegeld: zonder de sleutel, die niet in de database staat, zijn ze niet te lezen.",
        "Herkenbaar is een kolom waarin gelijke woorden er verzegeld gelijk uitzien, omdat erop gezocht wordt.",
        f"Leesbaar is alleen {open_}: de regels van de school zelf, die iedereen mag lezen.",
        "",
        "## De database van de school",
        *register(MAIN_HOLDINGS),
        "",
        "## De database van de accounts",
        *register(ACCOUNT_HOLDINGS),
        "",
        "## Voor de DPIA: welke soorten gegevens, en hoe ze bewaard worden",
        *kinds(),
        "",
        "## Waar het heen gaat",
        "De stippellijnen zijn verwijzingen naar een persoon.",
        "",
        *picture(),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(page(), "utf-8")
    else:
        print(page())
