"""The school's CA: made once, kept secret, and good enough for a browser."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from cli.ca import CaFiles, ensure_ca, ensure_dashboard, load_ca, own_names
from cli.home import Trouble

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
NAMES = ("localhost", "127.0.0.1", "klaswacht.internal")


@pytest.fixture
def files(tmp_path: Path) -> CaFiles:
    return ensure_ca(tmp_path / "ca", "De Regenboog", NOW)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def dashboard_certificate(files: CaFiles) -> x509.Certificate:
    return x509.load_pem_x509_certificates(files.dashboard.read_bytes())[0]


def test_only_the_owner_can_read_the_key_and_everybody_the_certificate(files):
    assert mode(files.folder) == 0o700
    assert mode(files.engine) == 0o600
    assert mode(files.public) == 0o644
    assert b"PRIVATE KEY" not in files.public.read_bytes()
    assert b"PRIVATE KEY" in files.engine.read_bytes()


def test_the_ca_is_named_after_the_school_and_may_sign_sites_only(files):
    ca = load_ca(files)
    assert "De Regenboog" in ca.subject.rfc4514_string()
    assert isinstance(ca.public_key(), ec.EllipticCurvePublicKey)
    constraints = ca.extensions.get_extension_for_class(x509.BasicConstraints)
    assert constraints.critical
    assert (constraints.value.ca, constraints.value.path_length) == (True, 0)
    usage = ca.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.key_cert_sign
    assert usage.crl_sign
    assert usage.digital_signature
    assert not usage.key_encipherment


def test_a_long_school_name_still_gives_a_ca(tmp_path):
    ensure_ca(tmp_path / "ca", "Openbare Basisschool " * 9, NOW)


def test_a_second_start_keeps_the_ca_because_devices_trust_it(files):
    before = files.engine.read_bytes()
    again = ensure_ca(files.folder, "Another name", NOW + timedelta(days=400))
    assert again.engine.read_bytes() == before


def test_a_lost_key_is_told_and_never_replaced_in_silence(files):
    files.engine.unlink()
    with pytest.raises(Trouble, match="backup"):
        ensure_ca(files.folder, "De Regenboog", NOW)
    assert not files.engine.exists()


def test_a_damaged_ca_is_told(files):
    files.engine.write_bytes(b"not a certificate")
    with pytest.raises(Trouble, match="cannot be read"):
        load_ca(files)


def test_the_dashboard_gets_a_certificate_for_every_name_of_the_machine(files):
    assert ensure_dashboard(files, NAMES, NOW)
    assert mode(files.dashboard) == 0o600
    leaf = dashboard_certificate(files)
    leaf.verify_directly_issued_by(load_ca(files))
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost", "klaswacht.internal"]
    assert [str(one) for one in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc <= timedelta(days=397)
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(files.dashboard)


@pytest.mark.parametrize(
    ("names", "later", "made"),
    [
        (NAMES, timedelta(days=300), False),
        (NAMES, timedelta(days=366), True),
        (NAMES, timedelta(days=500), True),
        ((*NAMES, "10.0.0.5"), timedelta(0), True),
    ],
    ids=["in the middle", "within thirty days of its end", "after its end", "the machine has another name"],
)
def test_the_dashboard_certificate_is_renewed_when_that_is_needed_only(files, names, later, made):
    ensure_dashboard(files, NAMES, NOW)
    before = files.dashboard.read_bytes()
    assert ensure_dashboard(files, names, NOW + later) is made
    assert (files.dashboard.read_bytes() != before) is made


def test_a_damaged_dashboard_certificate_is_replaced(files):
    files.dashboard.write_text("rubbish")
    assert ensure_dashboard(files, NAMES, NOW)


def test_listening_on_every_address_gives_no_certificate_for_no_address():
    names = own_names("0.0.0.0", "klaswacht.internal")
    assert "0.0.0.0" not in names
    assert "localhost" in names
