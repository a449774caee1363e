"""Which names are asked for: those that pass unopened by the shipped data, ordinary sites, engines and closed ones."""

from __future__ import annotations

from functools import cache

from config import load
from config.factory import category_hosts

ORDINARY = tuple(
    f"www.{name}.nl"
    for name in (
        "dierenvanhetbos", "weetjesovervulkanen", "hetweerinzutfen", "muziekschooldelier", "museumdeoudemolen",
        "bibliotheekrijnstad", "knutselenmetpapier", "ruimtevaartvoorbeginners", "fietsroutesdrenthe", "bakkerdekorst",
        "kinderboekenrecensies", "sportverenigingdwing", "geschiedenisvandestad", "natuurgidsveluwe", "stripsentekenen",
        "molensinholland", "vogelsindetuin", "planetenensterren", "waterschapweetjes", "oudeambachten",
        "kastelenenridders", "treinenvroegerennu", "recepteninhetklein", "tuinierenmetkinderen",
    )
)  # fmt: skip
"""Made-up sites that nobody lists."""

ENGINES = ("www.google.com", "www.bing.com")
_SAFE = ("forcesafesearch.google.com", "strict.bing.com")  # where Klaswacht looks the engines up for a pupil
_CLOSED = 6  # names of each category


@cache
def tunnelled() -> tuple[str, ...]:
    """The names of the shipped `tunnels.yaml`."""
    return tuple(sorted(load.knowledge().tunnels))


@cache
def closed() -> tuple[str, ...]:
    """Names of the shipped lists of social sites and games."""
    return tuple(
        host
        for category in ("social", "games")
        for host in [one for one in category_hosts(category) if one.count(".") == 1 and "*" not in one][:_CLOSED]
    )


def everything() -> list[str]:
    """All names that the sites answer to."""
    return [*tunnelled(), *ORDINARY, *ENGINES, *_SAFE, *closed()]
