"""The school's own sign-in in `school.yaml`: what is taken, what is refused, and that a secret never gets into it."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.export import school_text, settings_of
from config.load import ConfigError, parse_school, read_school
from config.secret_file import NoSecret, read_secret

SMALL = "protocol: kalisto\nschedule:\n  days:\n    mon: {lessons: ['08:30-14:00']}\n"
GOOGLE = (
    "sign_in:\n  google:\n    client_id: 1-a.apps.example\n    client_secret_file: g.txt\n    domain: Kalisto.Example\n"
)
TENANT = "66666666-7777-8888-9999-00000000000A"
MICROSOFT = f"sign_in: {{microsoft: {{client_id: a, client_secret_file: m.txt, tenant: {TENANT}}}}}\n"
OTHER = (
    "sign_in: {oidc: {name: Portaal, issuer: 'https://inloggen.kalisto.example:8444/op', client_id: kw, "
    "client_secret_file: o.txt, domain: kalisto.example}}\n"
)


def written(folder: Path, more: str, secret: str | None = "geheim-123\n", mode: int = 0o600) -> Path:
    file = folder / "school.yaml"
    file.write_text(SMALL + more)
    if secret is not None:
        for name in ("g.txt", "m.txt", "o.txt"):
            (folder / name).touch(mode)
            (folder / name).chmod(mode)
            (folder / name).write_text(secret)
    return file


def test_google_counts_accounts_of_the_schools_domain(tmp_path: Path) -> None:
    (google,) = read_school(written(tmp_path, GOOGLE)).settings.sign_in.providers
    assert (google.way, google.issuer, google.domain) == ("google", "https://accounts.google.com", "kalisto.example")
    assert google.secret_file == tmp_path / "g.txt"
    assert google.hosts == {"accounts.google.com:443", "oauth2.googleapis.com:443", "www.googleapis.com:443"}


def test_microsoft_counts_accounts_of_the_schools_tenant(tmp_path: Path) -> None:
    (one,) = read_school(written(tmp_path, MICROSOFT)).settings.sign_in.providers
    assert one.tenant == TENANT.lower()
    assert one.issuer == f"https://login.microsoftonline.com/{TENANT.lower()}/v2.0"


def test_another_provider_is_asked_at_its_own_host_and_nowhere_else(tmp_path: Path) -> None:
    (one,) = read_school(written(tmp_path, OTHER)).settings.sign_in.providers
    assert (one.name, one.hosts) == ("Portaal", {"inloggen.kalisto.example:8444"})


@pytest.mark.parametrize("tenant", ["common", "organizations", "consumers", "Common"])
def test_a_tenant_that_is_everybodys_is_refused(tenant: str) -> None:
    with pytest.raises(ConfigError, match=r"school.yaml:5: .*lets in accounts of every organisation; .*tenant id"):
        parse_school((SMALL + MICROSOFT.replace(TENANT, tenant)).encode())


@pytest.mark.parametrize("tenant", ["kalisto.onmicrosoft.com", "1234", TENANT + "0", f"{TENANT}/../common"])
def test_a_tenant_is_told_by_its_id(tenant: str) -> None:
    with pytest.raises(ConfigError, match="is not the id of a tenant"):
        parse_school((SMALL + MICROSOFT.replace(TENANT, tenant)).encode())


@pytest.mark.parametrize(
    "issuer",
    [
        "http://inloggen.kalisto.example",
        "inloggen.kalisto.example",
        "https://",
        "https://iemand@inloggen.kalisto.example",
        "https://inloggen.kalisto.example/?a=b",
        "https://inloggen.kalisto.example/#a",
        "https://Inloggen.kalisto.example",
        "https://inloggen.kalisto.example:99999",
        "https://inloggen .kalisto.example",
        "ftp://inloggen.kalisto.example",
    ],
)
def test_a_provider_is_told_by_its_https_address(issuer: str) -> None:
    with pytest.raises(ConfigError, match=r"school.yaml:5: "):
        parse_school((SMALL + OTHER.replace("https://inloggen.kalisto.example:8444/op", issuer)).encode())


def test_what_is_missing_is_named_with_its_line() -> None:
    with pytest.raises(ConfigError, match=r"school.yaml:[5-8]: .*domain"):
        parse_school((SMALL + GOOGLE.replace("    domain: Kalisto.Example\n", "")).encode())


def test_the_secret_itself_is_not_taken_and_not_repeated() -> None:
    with pytest.raises(ConfigError, match="unknown key `client_secret`; did you mean `client_secret_file`") as told:
        parse_school((SMALL + GOOGLE.replace("client_secret_file: g.txt", "client_secret: s3cr3t-w0rd")).encode())
    assert "s3cr3t" not in str(told.value)


def test_a_secret_that_is_not_there_is_told_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"school.yaml:8: the secret's file .*g.txt. cannot be read: no such file"):
        read_school(written(tmp_path, GOOGLE, secret=None))


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620])
def test_a_secret_that_others_may_read_is_refused_with_the_remedy(tmp_path: Path, mode: int) -> None:
    with pytest.raises(ConfigError, match=r"others may read the secret's file .*; say `chmod 600 "):
        read_school(written(tmp_path, GOOGLE, mode=mode))


@pytest.mark.parametrize("secret", ["", " \n", "een\ntwee", "a" * 5000])
def test_a_secret_is_one_line(tmp_path: Path, secret: str) -> None:
    with pytest.raises(ConfigError, match="does not hold one line with a secret") as told:
        read_school(written(tmp_path, GOOGLE, secret=secret))
    assert "twee" not in str(told.value)


def test_the_secret_is_read_when_it_is_needed_and_is_in_no_settings_and_no_version(tmp_path: Path) -> None:
    file = written(tmp_path, GOOGLE)
    read = read_school(file)
    assert read_secret(read.settings.sign_in.providers[0].secret_file) == "geheim-123"
    told = repr(read) + school_text(read.policy, read.written, settings_of(file.read_bytes(), "school.yaml")).text
    assert "geheim-123" not in told
    assert "client_secret_file: g.txt" in told
    assert "1-a.apps.example" not in repr(read.policy) + read.written


def test_what_systemd_hands_over_is_looked_for_when_it_is_needed(tmp_path: Path) -> None:
    place = "/run/credentials/klaswacht.service/google"
    read = read_school(written(tmp_path, GOOGLE.replace("g.txt", place), secret=None))
    assert str(read.settings.sign_in.providers[0].secret_file) == place
    with pytest.raises(NoSecret, match="cannot be read"):
        read_secret(Path(place))


def test_a_written_out_file_has_the_same_sign_in(tmp_path: Path) -> None:
    file = written(tmp_path, GOOGLE + "  second_factor: optional\n")
    read = read_school(file)
    text = school_text(read.policy, read.written, settings_of(file.read_bytes(), "school.yaml")).text
    again = tmp_path / "weer.yaml"
    again.write_text(text)
    assert read_school(again).settings.sign_in == read.settings.sign_in
    assert read.settings.sign_in.second_factor == "optional"
