"""`klaswacht chromebook`: makes the folder that a coordinator uploads, and says whether a folder is still right.

What is in it is made by `config.chromebook`; here are the files of this machine that it needs, and the writing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from cli.ca.files import CaFiles
from cli.extension import prepared
from cli.home import Home, Trouble, write_private
from config import load
from config.chromebook import parcel
from config.chromebook.school import Extension, NotPossibleError, facts
from config.settings import Settings
from config.texts import say

app = typer.Typer(no_args_is_help=True, help="Chromebooks: what to upload in the Admin console.")
_MODE = 0o644
_PORT = 8107  # for an example

LangOption = Annotated[str | None, typer.Option("--lang", help="Language of the page; else the school's.")]


@app.command("export")
def export(
    group: Annotated[str, typer.Option("--group", help="The group, as in school.yaml.")],
    out: Annotated[Path, typer.Option("--out", help="The folder to write; made when it is not there.")],
    printing: Annotated[bool, typer.Option("--printing", help="Pupils print by Klaswacht (IPPS).")] = False,
    lang: LangOption = None,
) -> None:
    """Write everything that the Chromebooks of a group need: policies, certificate, proxy, and a page that explains."""
    home, settings = _here()
    language = lang or settings.language
    made = files(home, settings, group, language, datetime.now(UTC).date(), printing=printing)
    written(out, made, group, language)
    typer.echo(say("chromebook.done", language, count=len(made), out=out, page=parcel.PAGE))


@app.command("verify")
def verify(
    out: Annotated[Path, typer.Argument(help="A folder that `export` made.")],
    printing: Annotated[bool, typer.Option("--printing", help="It was made with --printing.")] = False,
    lang: LangOption = None,
) -> None:
    """Say whether a folder is what `export` would make now; on the device itself the self-test does that."""
    home, settings = _here()
    language = lang or settings.language
    group = _group_of(out) or "-"
    made = files(home, settings, group, language, datetime.now(UTC).date(), printing=printing)
    differing = [(name, _read(out / name)) for name, data in made.items() if name != parcel.PAGE]
    wrong = [(name, "gone" if found is None else "other") for name, found in differing if found != made[name]]
    if not wrong:
        typer.echo(say("chromebook.verified", language, out=out, group=group))
        return
    for name, code in wrong:
        typer.echo(say(f"chromebook.verify.{code}", language, name=name))
    remedy = say("chromebook.stale_remedy", language, group=group, out=out)
    raise Trouble(say("chromebook.stale", language, out=out), remedy)


def files(
    home: Home, settings: Settings, group: str, lang: str, today: date, *, printing: bool = False
) -> dict[str, bytes]:
    """Every file of a group's export, by its path.

    Raises:
        Trouble: it cannot be made; with what to do.
    """
    try:
        return _files(home, settings, group, lang, today, printing=printing)
    except NotPossibleError as error:
        raise _trouble(error, home, lang) from error


def _files(home: Home, settings: Settings, group: str, lang: str, today: date, *, printing: bool) -> dict[str, bytes]:
    authority = CaFiles(home.ca_folder)
    certificates = [found for path in (authority.public, authority.next_public) if (found := _read(path))]
    known = facts(settings, group, certificates, printing=printing)
    try:
        made = prepared(home, settings)
    except Trouble as trouble:
        remedy = trouble.remedy or "-"
        raise NotPossibleError("extension", problem=trouble.problem, remedy=remedy) from trouble
    known = known.with_extension(Extension(made.id, made.updates))
    return parcel.files(known, load.knowledge(settings), lang, today)


@dataclass(frozen=True, slots=True)
class ChromebookDesk:
    """The same for the dashboard (`dashboard.actions.chromebooks`); `settings` has the ports that were taken."""

    home: Home
    settings: Settings

    def groups(self) -> tuple[str, ...]:
        """The groups for which there is a folder."""
        return tuple(group for group, port in self.settings.listen.groups.items() if port)

    def zipped(self, group: str, lang: str, today: date) -> bytes:
        """A group's folder as a zip.

        Raises:
            NotPossibleError: it cannot be made; its values say all that its sentences name.
        """
        try:
            made = _files(self.home, self.settings, group, lang, today, printing=False)
        except NotPossibleError as error:
            raise NotPossibleError(error.code, **_values(error, self.home)) from error
        return parcel.zipped(made, f"klaswacht-groep-{group}")


def written(out: Path, made: Mapping[str, bytes], group: str, lang: str) -> None:
    """Write the files, each in one move and the page that explains them last; others in the folder stay.

    Raises:
        Trouble: the folder cannot be written, or it has the files of another group.
    """
    try:
        if (other := _group_of(out)) not in ("", group):
            told = {"out": out, "other": other, "group": group}
            raise Trouble(say("chromebook.no.other", lang, **told), say("chromebook.no.other_remedy", lang, **told))
        for name in (*(name for name in made if name != parcel.PAGE), parcel.PAGE):
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            write_private(out / name, made[name], _MODE)
        if parcel.NEXT_CERTIFICATE not in made:
            (out / parcel.NEXT_CERTIFICATE).unlink(missing_ok=True)
    except OSError as error:
        problem = say("chromebook.no.folder", lang, out=out, problem=error.strerror or error)
        raise Trouble(problem, say("chromebook.no.folder_remedy", lang)) from error


def _here() -> tuple[Home, Settings]:
    home = Home.here()
    try:
        return home, load.read_school(home.school_file).settings
    except load.ConfigError as error:
        raise Trouble(str(error)) from error


def _trouble(error: NotPossibleError, home: Home, lang: str) -> Trouble:
    values = _values(error, home)
    return Trouble(
        say(f"chromebook.no.{error.code}", lang, **values), say(f"chromebook.no.{error.code}_remedy", lang, **values)
    )


def _values(error: NotPossibleError, home: Home) -> dict[str, str]:
    """Everything that the sentences of an error name."""
    group = error.values.get("group", "7")
    own = {"file": str(home.school_file), "folder": str(home.ca_folder), "example": f"{{{group}: {_PORT}}}"}
    return {**own, **error.values}


def _group_of(out: Path) -> str:
    """Of which group a folder is, by its PAC file; empty when there is none."""
    found = sorted(out.glob("groep-*.pac"))
    return found[0].stem.removeprefix("groep-") if found else ""


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
