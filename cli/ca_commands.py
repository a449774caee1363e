"""`klaswacht ca`: which certificate authority signs, taking one over from the school's own, and renewing it."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cli.home import Home, Trouble

if TYPE_CHECKING:
    from cryptography import x509

    from cli.ca.rotation import Standing, Waiting
    from config.settings import Settings

_log = logging.getLogger(__name__)

app = typer.Typer(help="The school's certificate authority.")

_Sooner = Annotated[bool, typer.Option("--now", help="Before both certificates were with the devices long enough.")]


@app.callback(invoke_without_command=True)
def ca(context: typer.Context) -> None:
    """Show which CA signs, until when, what waits, and which file devices must trust."""
    if context.invoked_subcommand is None:
        typer.echo("\n".join(_told(Home.here())))


@app.command("export")
def export(
    out: Annotated[Path | None, typer.Option("--out", help="Where to write it; else to standard output.")] = None,
    form: Annotated[Literal["pem", "der"], typer.Option("--format", help="How to write it.")] = "pem",
    which: Annotated[
        Literal["now", "next", "previous", "all"],
        typer.Option("--which", help="`all` is one PEM file for programs; give devices one at a time."),
    ] = "now",
) -> None:
    """Give the certificate that devices must trust (never its key), to install on them."""
    from cryptography.hazmat.primitives.serialization import Encoding

    certificates = _anchors(Home.here(), which)
    if form == "der" and len(certificates) > 1:
        raise Trouble("a DER file holds one certificate", "choose --format pem, or one of them with --which")
    data = b"".join(one.public_bytes(Encoding.PEM if form == "pem" else Encoding.DER) for one in certificates)
    if out is None:
        sys.stdout.buffer.write(data)
        return
    try:
        out.write_bytes(data)
    except OSError as error:
        raise Trouble(f"cannot write `{out}` ({error.strerror})", "choose another place with --out") from error
    from config.texts import say

    typer.echo(say("cli.ca.exported", file=out), err=True)


@app.command("import")
def import_(
    files: Annotated[list[Path], typer.Argument(help="Key, certificate and those above it; PEM, DER or PKCS#12.")],
) -> None:
    """Take over an intermediate (or root) of the school's own: judged first, and then it waits as the next CA.

    A password is asked for, or read from standard input where there is no terminal.
    """
    from cli.ca import CaFiles, rotation
    from cli.ca.judged import judged

    home = Home.here()
    lang, now = _language(home), _moment()
    found = judged([(str(path), _read(path)) for path in files], _password, now)
    home.prepare()
    signs = rotation.adopt(CaFiles(home.ca_folder), found.data, now)
    _audit(home, "ca.import", found.authority.certificate, now)
    for note in found.notes:
        typer.echo(_say(f"note.{note.code}", lang, **dict(note.values)))
    typer.echo(_say("imported_signs" if signs else "imported_waits", lang, name=_name(found.authority.certificate)))
    typer.echo(_say("delete_files", lang, files=", ".join(map(str, files))))
    if not signs:
        typer.echo(_say("publish_next", lang, file=CaFiles(home.ca_folder).next_public))


@app.command("rotate")
def rotate(
    switch: Annotated[bool, typer.Option("--switch", help="The next CA signs from now on.")] = False,
    back: Annotated[bool, typer.Option("--back", help="Undo the switch.")] = False,
    drop: Annotated[bool, typer.Option("--drop", help="Forget the CA that does not sign, with its key.")] = False,
    at_once: _Sooner = False,
) -> None:
    """Renew the CA: make the next one and publish it; two weeks later --switch; two weeks later --drop."""
    from cli.ca import CaFiles, rotation

    if switch + back + drop > 1:
        raise Trouble("only one of --switch, --back and --drop at a time")
    if at_once and not (switch or drop):
        raise Trouble("--now says nothing without --switch or --drop")
    home = Home.here()
    files, lang, now = CaFiles(home.ca_folder), _language(home), _moment()
    if drop:
        gone = rotation.drop(files, now, at_once=at_once).certificate
        _audit(home, "ca.drop", gone, now)
        typer.echo(_say("dropped", lang, name=_name(gone)))
    elif switch or back:
        if switch:
            rotation.switch(files, now, at_once=at_once)
        else:
            rotation.back(files, now)
        signs = rotation.standing(files).signs.certificate
        _audit(home, "ca.switch" if switch else "ca.back", signs, now)
        typer.echo(_say("switched", lang, name=_name(signs)))
        _in_use(home, lang, now)
    else:
        made = rotation.begin(files, _settings(home).school.name, now).certificate
        _audit(home, "ca.rotate", made, now)
        typer.echo(_say("begun", lang, name=_name(made)))
        typer.echo(_say("publish_next", lang, file=files.next_public))


def _in_use(home: Home, lang: str, now: datetime) -> None:
    """Have everything that runs show certificates of the CA that signs now."""
    from cli.ca import CaFiles, ensure_dashboard, own_names
    from cli.reload import reload
    from cli.school import running

    listen = _settings(home).listen
    ensure_dashboard(CaFiles(home.ca_folder), own_names(listen.address, listen.name), now)
    if running(home):
        typer.echo(_say("reloading", lang))
        typer.echo(reload(home))


def _told(home: Home) -> Iterator[str]:
    from cli.ca import CaFiles
    from cli.ca.rotation import standing

    files, lang = CaFiles(home.ca_folder), _language(home)
    known: Standing = standing(files)
    yield _say("signs", lang)
    yield from _lines(known.signs.certificate, lang)
    for one in known.signs.above:
        yield f"  {_say('under', lang, name=_name(one), until=_day(one.not_valid_after_utc))}"
    yield f"  {_say('trust', lang, file=files.public)}"
    others: tuple[tuple[Waiting | None, str, Path], ...] = (
        (known.next, "next", files.next_public),
        (known.previous, "previous", files.previous_public),
    )
    for other, code, public in others:
        if other is not None:
            yield ""
            yield _say(code, lang, since=_day(other.since))
            yield from _lines(other.authority.certificate, lang)
            yield f"  {_say('trust', lang, file=public)}"
            yield f"  {_say(f'{code}_then', lang, day=_day(_after(other)))}"


def _after(waiting: Waiting) -> datetime:
    from cli.ca.rotation import WAIT

    return waiting.since + WAIT


def _lines(one: x509.Certificate, lang: str) -> Iterator[str]:
    from cryptography.hazmat.primitives.hashes import SHA256

    yield f"  {one.subject.rfc4514_string()}"
    yield f"  SHA-256 {one.fingerprint(SHA256()).hex(':').upper()}"
    yield f"  {_say('holds', lang, begin=_day(one.not_valid_before_utc), until=_day(one.not_valid_after_utc))}"


def _anchors(home: Home, which: str) -> list[x509.Certificate]:
    from cli.ca import CaFiles
    from cli.ca.rotation import standing

    known = standing(CaFiles(home.ca_folder))
    found = {"now": known.signs.anchor}
    found |= {"next": known.next.authority.anchor} if known.next else {}
    found |= {"previous": known.previous.authority.anchor} if known.previous else {}
    if which == "all":
        return list(dict.fromkeys(found.values()))
    if which not in found:
        raise Trouble(f"there is no {which} CA", "see `klaswacht ca`")
    return [found[which]]


def _audit(home: Home, what: str, certificate: x509.Certificate, now: datetime) -> None:
    """Note who did it. The CA must never wait for the database, so one that cannot be used is only told."""
    if not home.good_file.exists():
        return  # the guard never ran here: there is nothing to note it in
    from cryptography.hazmat.primitives.hashes import SHA256

    from cli.policy_desk import user
    from cli.school import opened

    by = user()
    try:
        school, store = _settings(home).school.id, opened(home)
        try:
            which = certificate.fingerprint(SHA256()).hex()[:16]
            store.audit.add(school, by, what, now, (which,))
        finally:
            store.close()
    except Exception as error:
        _log.warning("that this was done is not in the log of what staff did (%s)", error)


def _password(name: str) -> bytes:
    from getpass import getpass

    if sys.stdin.isatty():
        return getpass(f"{name}: ").encode()
    return sys.stdin.readline().rstrip("\r\n").encode()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Trouble(
            f"cannot read `{path}` ({error.strerror})", "is it the right file, and may you read it?"
        ) from error


def _settings(home: Home) -> Settings:
    """What the guard runs by; where it never ran, what the school's file or the factory says."""
    from cli.school import good_settings

    return good_settings(home)


def _language(home: Home) -> str:
    try:
        return _settings(home).language
    except Trouble:
        return "nl"


def _name(one: x509.Certificate) -> str:
    from cli.ca.making import common_name

    return common_name(one)


def _day(moment: datetime) -> str:
    return f"{moment.astimezone():%d-%m-%Y}"


def _moment() -> datetime:
    return datetime.now(UTC)


def _say(code: str, lang: str, **values: object) -> str:
    from config.texts import say

    return say(f"ca.{code}", lang, **values)
