"""All files of an export, made in memory: what is written in a folder, and what is handed out as one zip."""

from __future__ import annotations

import csv
import io
import json
import textwrap
import zipfile
from base64 import b64encode
from collections.abc import Mapping
from datetime import date
from typing import Any

from config import pac
from config.chromebook import firefox, onc, page
from config.chromebook.data import Scope, System, unseen_hosts
from config.chromebook.school import Facts
from config.chromebook.values import all_values, of_system
from config.texts import say
from policy.model import Knowledge

PAGE = "lees-mij.html"
USERS, DEVICES, LAPTOPS = "chromebook-gebruikers.json", "chromebook-apparaten.json", "chrome-linux.json"
ONC = "klaswacht.onc"
FIREFOX = "firefox/policies.json"
UNSEEN = "niet-inspecteren.csv"
CERTIFICATE, NEXT_CERTIFICATE = "klaswacht-ca.crt", "klaswacht-ca-next.crt"
_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the earliest a zip can say: the same files are the same bytes


def files(facts: Facts, knowledge: Knowledge, lang: str, today: date) -> dict[str, bytes]:
    """Every file of the export by its path in the folder, the page that explains them first."""
    values = all_values(facts, lang)
    made = {
        USERS: _json(of_system(values, System.CHROMEOS, Scope.USER)),
        DEVICES: _json(of_system(values, System.CHROMEOS, Scope.DEVICE)),
        LAPTOPS: _json(of_system(values, System.LINUX)),
        ONC: _json(onc.configuration(facts, lang)),
        pac_file(facts.group): pac.script(facts.ways, say("front.pac.group", lang, group=facts.group)).encode("ascii"),
        **{name: pem(der) for name, der in zip((CERTIFICATE, NEXT_CERTIFICATE), facts.certificates, strict=False)},
        UNSEEN: _unseen(facts, knowledge, lang),
        FIREFOX: _json(firefox.policies_file(facts, lang)),
    }
    return {PAGE: page.html(facts, values, tuple(made), lang, today).encode(), **made}


def pac_file(group: str) -> str:
    """The name of a group's PAC file in the export."""
    return f"groep-{group}.pac"


def zipped(made: Mapping[str, bytes], folder: str) -> bytes:
    """The files as one zip, in a folder of their own; the same files are the same bytes."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in made.items():
            entry = zipfile.ZipInfo(f"{folder}/{name}", _LONG_AGO)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    return whole.getvalue()


def pem(der: bytes) -> bytes:
    """A certificate as the Admin console takes it."""
    lines = textwrap.wrap(b64encode(der).decode(), 64)
    return "\n".join(("-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", "")).encode()


def _json(values: dict[str, Any]) -> bytes:
    return f"{json.dumps(values, ensure_ascii=False, indent=2)}\n".encode()


def _unseen(facts: Facts, knowledge: Knowledge, lang: str) -> bytes:
    """The hosts that ChromeOS wants to be left alone, what the guard does with each, and who says so since when."""
    text = io.StringIO()
    rows = csv.writer(text, delimiter=";", lineterminator="\r\n")
    rows.writerow(say(f"chromebook.unseen.{one}", lang) for one in ("host", "what", "source", "checked"))
    for one in unseen_hosts():
        passes = one.host in knowledge.system_hosts or one.host in facts.tunnels
        what = "chromebook.unseen.passes" if passes else f"chromebook.inspect.{one.inspect or 'other'}"
        source = f"{one.source} ({one.url})" if one.url else one.source
        rows.writerow((one.host, say(what, lang), source, one.checked.isoformat()))
    return text.getvalue().encode("utf-8-sig")
