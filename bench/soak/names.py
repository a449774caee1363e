"""The names and words of the soak: which sites there are, what the school does with them, and what is typed."""

from __future__ import annotations

PERMITTED = 20
"""How many sites there are of each kind that permissions open and close."""

OPEN = ("onzeschool.test", "bieb.onzeschool.test", "nieuws.onzeschool.test", "natuur.test")
"""Open to everybody; nobody lists them, so their pages are looked at."""
ENGINES = {"www.google.com": "/search", "duckduckgo.com": "/"}
TUNNELLED = ("www.rekentuin.nl", "www.taalzee.nl", "sso.basispoort.nl", "start.parnassys.net", "bankieren.rabobank.nl")
"""On the shipped `config/tunnels.yaml`."""
LOOK_ONLY = "beeld.kletsplein.test"
"""What group 8 may look at for the whole run, and send nothing to."""
SOCIAL = tuple(f"k{number}.kletsplein.test" for number in range(PERMITTED))
TUNNELS = tuple(f"t{number}.rekenrijk.test" for number in range(PERMITTED))
FILM = "v.filmpjes.test"
"""Opened for a whole group at once, by its category."""
NEVER = frozenset({"dicht.kletsplein.test", "nooit.filmdicht.test", "nooit.fotodrop.test"})
"""Never open to anybody."""
REFUSED_PATH = "/weiger"
"""Before the path of every request that may not arrive, at a site that is open."""

ALL = (*OPEN, *ENGINES, *TUNNELLED, LOOK_ONLY, *SOCIAL, *TUNNELS, FILM, *sorted(NEVER))

SCHOOL = (
    *(f'  {name}: "oefensite van de soak"' for name in TUNNELS),
    "rules:",
    "  - id: soak-oefensite",
    "    basis: {decided: 2026-09-01, note: alleen op verzoek}",
    "    facet: place",
    "    holds_in: lesson",
    f"    sites: [{', '.join(TUNNELS)}, nooit.filmdicht.test]",
)
"""Lines for `school.yaml`, from within its `tunnels` on: sites in tunnels that are open on request only."""

_TEXT = (
    "de het een berg vulkaan lava egel boom rekenen taal les schrift kaart rivier zee wind regen zon maan ster "
    "planeet dier vogel vis bloem blad tak wortel water lucht aarde vuur steen zand stad dorp straat huis "
    "school klas vriend boek verhaal woord zin letter getal som breuk tafel meten wegen tijd klok dag week "
    "maand jaar "
)
WORDS = tuple(_TEXT.split())
SEARCHES = tuple(f"{one} {two}" for one in WORDS[3:23] for two in WORDS[23:43])
"""What children search for, all of it open."""
