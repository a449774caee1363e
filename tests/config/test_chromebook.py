"""What is uploaded for the Chromebooks of a group says what it must, and nothing that leads around the guard."""

from __future__ import annotations

import base64
import io
import json
import re
import zipfile
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from cli.ca.making import new_ca
from config.chromebook import parcel
from config.chromebook.data import Scope, System, firefox_policies, policies, unseen_hosts
from config.chromebook.school import (
    FLOOR,
    MOST_CLOSED,
    SCHEMES,
    TEST_SITE,
    Extension,
    Facts,
    NotPossibleError,
    facts,
    floor,
)
from config.factory import category_hosts, factory_knowledge
from config.settings import Listen, School, Settings
from config.texts import STRICT
from proxy_addons.self_test import SITE

TODAY = date(2026, 11, 22)
NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
EXTENSION = Extension("a" * 32, "http://wacht.klaswacht.internal/extensie/updates.xml")
LISTEN = Listen(address="0.0.0.0", groups={"7": 8107, "8": 8108}, page=80, reach=("192.168.1.2", "wacht-2.school.nl"))
SETTINGS = Settings(school=School(name='De <b>"Regenboog"</b>'), listen=LISTEN)


def signer() -> bytes:
    """The certificate of a CA, PEM, as it is published: without its key."""
    return x509.load_pem_x509_certificate(new_ca("De Regenboog", NOW)).public_bytes(Encoding.PEM)


CA, NEXT = signer(), signer()


def known(settings: Settings = SETTINGS, **more: Any) -> Facts:
    return facts(settings, "7", more.pop("certificates", (CA,)), more.pop("extension", EXTENSION), **more)


def made(of: Facts | None = None, lang: str = "nl") -> dict[str, bytes]:
    return parcel.files(of or known(), factory_knowledge(), lang, TODAY)


def users(of: Facts | None = None) -> dict[str, Any]:
    found = json.loads(made(of)[parcel.USERS])
    assert isinstance(found, dict)
    return found


@pytest.fixture(autouse=True)
def strict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(STRICT, "1")


@pytest.mark.evasion("E22")
def test_pupils_have_no_way_but_the_guard_and_no_window_without_the_schools_policy() -> None:
    said = users()
    pac = "http://192.168.1.2/pac/7.pac"
    assert said["ProxySettings"] == {"ProxyMode": "pac_script", "ProxyPacUrl": pac, "ProxyPacMandatory": True}
    assert said["QuicAllowed"] is said["EncryptedClientHelloEnabled"] is said["SSLErrorOverrideAllowed"] is False
    assert said["DnsOverHttpsMode"] == "off" and said["CACertificateManagementAllowed"] == 2
    assert said["IncognitoModeAvailability"] == 1 and said["CaptivePortalAuthenticationIgnoresProxy"] is False
    assert said["ForceGoogleSafeSearch"] is True and said["ForceYouTubeRestrict"] == 2
    assert json.loads(made()[parcel.DEVICES]) == {"DeviceGuestModeEnabled": False}
    assert users(known(replace(SETTINGS, youtube="moderate")))["ForceYouTubeRestrict"] == 1
    assert b"DIRECT" not in made()["groep-7.pac"] and b"PROXY 192.168.1.2:8107; PROXY wacht-2" in made()["groep-7.pac"]


@pytest.mark.evasion("E17", "E22")
def test_a_page_that_no_network_sees_is_none_and_nobody_looks_under_the_bonnet() -> None:
    said = users()
    assert {one.partition(":")[0] for one in said["URLBlocklist"][: len(SCHEMES)]} == {
        "javascript", "data", "view-source", "file", "filesystem"
    }  # fmt: skip
    assert said["DeveloperToolsAvailability"] == 2
    firefox = json.loads(made()[parcel.FIREFOX])["policies"]
    assert firefox["DisableDeveloperTools"] is True and "file:///*" in firefox["WebsiteFilter"]["Block"]


def test_nothing_is_written_that_no_definition_knows_and_each_goes_to_whom_it_is_for() -> None:
    defined = policies()
    written = {name: json.loads(made()[name]) for name in (parcel.USERS, parcel.DEVICES, parcel.LAPTOPS)}
    assert set().union(*written.values()) | {"PrintingSendUsernameAndFilenameEnabled"} == set(defined)
    assert all(System.LINUX in defined[name].on for name in written[parcel.LAPTOPS])
    for file, scope in ((parcel.USERS, Scope.USER), (parcel.DEVICES, Scope.DEVICE)):
        assert all(System.CHROMEOS in defined[name].on and defined[name].scope is scope for name in written[file])
    assert "BrowserGuestModeEnabled" in written[parcel.LAPTOPS]
    assert all(
        one.source.startswith("https://github.com/chromium/chromium/") and one.caption for one in defined.values()
    )


def test_printing_is_off_unless_pupils_print_by_the_guard() -> None:
    said = users()
    assert said["PrintingEnabled"] is False and "PrintingSendUsernameAndFilenameEnabled" not in said
    said = users(known(printing=True))
    assert said["PrintingEnabled"] is said["PrintingSendUsernameAndFilenameEnabled"] is True
    assert said["UserPrintersAllowed"] is False


@pytest.mark.evasion("E02")
def test_only_the_companion_extension_comes_and_it_comes_by_itself() -> None:
    said = users()
    assert said["ExtensionInstallBlocklist"] == ["*"] and said["ExtensionInstallAllowlist"] == [EXTENSION.id]
    assert said["ExtensionInstallForcelist"] == [f"{EXTENSION.id};{EXTENSION.update_url}"]
    assert said["ExtensionSettings"][EXTENSION.id]["toolbar_pin"] == "force_pinned"
    without = users(known(extension=None))
    assert without["ExtensionInstallBlocklist"] == ["*"] and "ExtensionInstallForcelist" not in without
    assert "De uitbreiding van Klaswacht zit niet in deze map" in made(known(extension=None))[parcel.PAGE].decode()


def test_a_child_that_saw_something_has_a_button_for_it_everywhere() -> None:
    told = {"name": "Ik zag iets vervelends", "url": "https://vertel.klaswacht.internal/"}
    assert told in users()["ManagedBookmarks"] and users()["BookmarkBarEnabled"] is True
    assert told in json.loads(made()[parcel.FIREFOX])["policies"]["ManagedBookmarks"]


def test_the_floor_fits_and_never_closes_help_the_guard_or_its_own_test() -> None:
    said = users()
    closed, left_out = floor()
    assert said["URLBlocklist"][len(SCHEMES) :] == list(closed) and len(closed) == MOST_CLOSED and left_out > 0
    assert len(said["URLBlocklist"]) == 1000, "what the Admin console takes"
    assert {"pornhub.com", "malware.test"} <= set(closed)
    assert not {host for host in closed if ":" in host or re.fullmatch(r"[\d.]+", host) or "*" in host}
    assert TEST_SITE == SITE and not any(host.endswith(SITE) for host in closed)
    assert {"kindertelefoon.nl", "vertel.klaswacht.internal", "wacht.klaswacht.internal", SITE} <= set(
        said["URLAllowlist"]
    )
    weighty = [host for kind in FLOOR[:3] for host in category_hosts(kind) if "." in host and not host.endswith(SITE)]
    assert set(weighty) <= set(closed), "what weighs most is not what is cut"


def test_the_network_file_has_the_certificate_and_the_proxy_and_no_key() -> None:
    said = json.loads(made(known(certificates=(CA, NEXT)))[parcel.ONC])
    kinds = {(one["Type"], *one["TrustBits"]) for one in said["Certificates"]}
    assert said["Type"] == "UnencryptedConfiguration" and kinds == {("Authority", "Web")}
    found = [x509.load_der_x509_certificate(base64.b64decode(one["X509"])) for one in said["Certificates"]]
    assert found == [x509.load_pem_x509_certificate(one) for one in (CA, NEXT)]
    (network,) = said["NetworkConfigurations"]
    assert network["ProxySettings"] == {"Type": "PAC", "PAC": "http://192.168.1.2/pac/7.pac"}
    ids = [one["GUID"] for one in (*said["Certificates"], network)]
    assert len(set(ids)) == 3 and all(re.fullmatch(r"\{[0-9a-f-]{36}\}", one) for one in ids)
    assert json.loads(users(known(certificates=(CA, NEXT)))["OpenNetworkConfiguration"]) == said
    again = made(known(certificates=(CA, NEXT)))
    assert again[parcel.ONC] == made(known(certificates=(CA, NEXT)))[parcel.ONC]
    assert x509.load_pem_x509_certificate(again[parcel.CERTIFICATE]) == found[0]
    assert x509.load_pem_x509_certificate(again[parcel.NEXT_CERTIFICATE]) == found[1]


def test_no_file_ever_has_a_key_also_where_the_authoritys_file_has_one() -> None:
    whole = new_ca("De Regenboog", NOW)
    assert b"PRIVATE KEY" in whole
    for name, data in made(known(certificates=(whole,))).items():
        assert b"PRIVATE" not in data, name


def test_what_google_wants_left_alone_is_told_with_who_says_so_and_what_the_guard_does() -> None:
    lines = made()[parcel.UNSEEN].decode("utf-8-sig").splitlines()
    assert len(lines) == 1 + len(unseen_hosts()) > 40
    by_host = {line.split(";")[0]: line for line in lines[1:]}
    assert "kijkt er niet in" in by_host["accounts.google.com"] and "6334001" in by_host["accounts.google.com"]
    assert "hier wordt gezocht" in by_host["www.google.com"]
    assert all(re.search(r";2\d{3}-\d\d-\d\d$", line) for line in lines[1:])


def test_a_host_that_is_looked_into_all_the_same_says_why() -> None:
    passed = factory_knowledge().system_hosts
    silent = {one.host for one in unseen_hosts() if not one.inspect}
    assert silent <= passed, "these are looked into, and nobody says why"
    told = {one.host for one in unseen_hosts() if one.inspect}
    assert not told & passed, "these are said to be looked into, and are not"


def test_firefox_gets_names_that_firefox_knows() -> None:
    said = json.loads(made()[parcel.FIREFOX])["policies"]
    assert set(said) == firefox_policies()
    assert said["Proxy"] == {"Mode": "autoConfig", "AutoConfigURL": "http://192.168.1.2/pac/7.pac", "Locked": True}
    assert said["Preferences"]["network.proxy.failover_direct"] == {"Value": False, "Status": "locked"}
    assert len(said["WebsiteFilter"]["Block"]) <= 1000


@pytest.mark.parametrize("lang", ["nl", "en"])
def test_the_page_stands_alone_names_every_file_and_policy_and_lets_nothing_out_of_a_name(lang: str) -> None:
    files = made(lang=lang)
    page = files[parcel.PAGE].decode()
    assert "De &lt;b&gt;&#34;Regenboog&#34;&lt;/b&gt;" in page and "<b>" not in page
    for name in (
        *files.keys() - {parcel.PAGE},
        *users(),
        EXTENSION.id,
        EXTENSION.update_url,
        "http://192.168.1.2/test",
    ):
        assert name in page, name
    assert not re.search(r"<(script|img|link|iframe)\b|@import|url\(", page)


def test_the_zip_has_the_same_files_and_is_the_same_every_time() -> None:
    files = made()
    whole = parcel.zipped(files, "klaswacht-groep-7")
    assert whole == parcel.zipped(made(), "klaswacht-groep-7")
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        assert {name.removeprefix("klaswacht-groep-7/") for name in archive.namelist()} == files.keys()
        assert archive.read("klaswacht-groep-7/klaswacht-ca.crt") == files[parcel.CERTIFICATE]


@pytest.mark.parametrize(
    ("listen", "code"),
    [
        (replace(LISTEN, groups={"8": 8108}), "group"),
        (replace(LISTEN, groups={}), "no_groups"),
        (replace(LISTEN, page=0), "no_page"),
        (replace(LISTEN, reach=()), "no_reach"),
    ],
)
def test_what_cannot_be_made_is_told(listen: Listen, code: str) -> None:
    with pytest.raises(NotPossibleError) as told:
        known(replace(SETTINGS, listen=listen))
    assert told.value.code == code


@pytest.mark.parametrize("certificates", [(), (b"",), (b"no certificate",)])
def test_without_a_certificate_nothing_is_made(certificates: tuple[bytes, ...]) -> None:
    with pytest.raises(NotPossibleError) as told:
        known(certificates=certificates)
    assert told.value.code == "no_ca"


def test_a_guard_that_only_this_computer_reaches_is_warned_of() -> None:
    here = replace(SETTINGS, listen=replace(LISTEN, reach=(), address="127.0.0.1"))
    assert known(here).warnings == ("loopback",)
    assert "Let op: Klaswacht luistert alleen op deze ene computer" in made(known(here))[parcel.PAGE].decode()
