"""The companion extension of one school: packed with the school's own key, for the guard to hand out.

What is packed is `deploy/extension`, with whose guard it belongs to (`school.json`) and the floor (`floor.json`). The
key (`secrets/extension`, 0600) is made once: the id by which every Chromebook knows the extension is of that key, so it
is to be kept as the CA is. What is published lies in `extension/` of the guard's home, where the proxy serves it from
(`proxy_addons.names.handing`); it is made anew, with a higher version, when what is in it changed.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from cli.crx import extension_id, packed
from cli.home import Home, Trouble, write_private
from config.factory import category_hosts
from config.settings import Settings

_log = logging.getLogger(__name__)

SOURCE = Path(__file__).resolve().parents[1] / "deploy" / "extension"
FOLDER, PACKAGE, ABOUT = "extension", "klaswacht.crx", "extension.json"
"""Where in the home it is published, and the two files there: the extension, and its id, version and contents' hash."""

UPDATES_PATH = "/extensie/updates.xml"
"""Where the guard hands it out under the pupils' host."""

_FLOOR = ("adult", "illegal", "malware", "bypass")
_NOWHERE = (".test", ".example", ".invalid")
_ANY_GUARD = b"wacht.klaswacht.internal"  # as `deploy/extension/manifest.json` has it: the only place it asks
_PUBLISHED = 0o644
_BITS = 2048


@dataclass(frozen=True, slots=True)
class Made:
    """A packed extension: its id (32 letters), version, and the address where browsers ask for it."""

    id: str
    version: str
    updates: str


def update_url(settings: Settings) -> str:
    """The address for `ExtensionInstallForcelist`; browsers reach it through the guard, so its port says nothing."""
    return f"http://{settings.listen.pupils_host}{UPDATES_PATH}"


def prepared(home: Home, settings: Settings) -> Made:
    """Have the school's extension packed and published, made anew only when something in it changed.

    Raises:
        Trouble: the key cannot be read, or there is nothing to pack.
    """
    key = _key(home.path / "secrets" / "extension")
    files = _files(settings)
    contents = sha256(b"".join(f"{path}\0{sha256(files[path]).hexdigest()}\n".encode() for path in sorted(files)))
    folder = home.path / FOLDER
    before = _about(folder / ABOUT)
    made = Made(extension_id(key), str(before.get("version", "")), update_url(settings))
    same = before == {"id": made.id, "version": made.version, "contents": contents.hexdigest()}
    if same and (folder / PACKAGE).exists():
        return made
    manifest = json.loads(files["manifest.json"])
    number = _build_of(made.version) + 1
    version = manifest["version"] = f"{manifest['version']}.{number}"
    files["manifest.json"] = json.dumps(manifest, ensure_ascii=False, indent=2).encode()
    folder.mkdir(mode=0o755, exist_ok=True)
    write_private(folder / PACKAGE, packed(files, key), _PUBLISHED)
    about = {"id": made.id, "version": version, "contents": contents.hexdigest()}
    write_private(folder / ABOUT, json.dumps(about).encode(), _PUBLISHED)
    return Made(made.id, version, made.updates)


def published(home: Home, settings: Settings) -> None:
    """The same at a start of the guard, which goes on without an extension to hand out."""
    try:
        prepared(home, settings)
    except (Trouble, OSError) as error:
        _log.warning("the companion extension is not handed out anew: %s", error)


def _files(settings: Settings) -> dict[str, bytes]:
    """What is packed, by its path in the extension."""
    files = {
        path.relative_to(SOURCE).as_posix(): path.read_bytes()
        for path in sorted(SOURCE.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }
    if "manifest.json" not in files:
        raise Trouble(f"`{SOURCE}` has no extension in it", "install Klaswacht with its folder `deploy`")
    listen = settings.listen
    school = {"school": settings.school.id, "name": listen.name, "pupils": listen.pupils_host}
    files["manifest.json"] = files["manifest.json"].replace(_ANY_GUARD, listen.pupils_host.encode())
    files["floor.json"] = json.dumps({"hosts": floor_hosts()}).encode()
    return {**files, "school.json": json.dumps(school).encode()}


def floor_hosts() -> list[str]:
    """What the extension closes where there is no guard: our own short lists of what no school opens.

    Nothing of a feed: those are of others, and too long to carry. Names that only exist for testing stay behind.
    """
    hosts = {host for category in _FLOOR for host in category_hosts(category)}
    return sorted(host for host in hosts if not host.endswith(_NOWHERE))


def _key(path: Path) -> rsa.RSAPrivateKey:
    """The school's key for its extension, made when it is not there."""
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except FileNotFoundError:
        key = rsa.generate_private_key(public_exponent=65_537, key_size=_BITS)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        write_private(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    except (OSError, ValueError, TypeError) as error:
        raise Trouble(
            f"the extension's key `{path}` cannot be read",
            "put it back from a copy: with another key every Chromebook takes it for another extension",
        ) from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise Trouble(f"the extension's key `{path}` is of another kind", "put it back from a copy")
    return key


def _about(path: Path) -> Mapping[str, object]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _build_of(version: str) -> int:
    """The last number of a version: how often it was packed."""
    last = version.rpartition(".")[2]
    return int(last) if last.isdecimal() and len(last) < 5 else 0
