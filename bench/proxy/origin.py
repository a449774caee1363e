"""The sites: one nginx on core 0 with a small CA, one certificate a name (ECDSA P-256), http/1.1 and h2, keep-alive.

Every name has the same files: bodies of a known size for the plain loads, and by ending what a page consists of. Text
is compressed beforehand and sent so to whoever accepts gzip, as real sites do.
"""

from __future__ import annotations

import contextlib
import gzip
import random
import shutil
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from bench.proxy.house import LOADER_CORE, ORIGIN, start, stop, until

BODIES = {"1k": 1024, "50k": 50 * 1024, "5m": 5 * 1024 * 1024}
"""Bodies of the plain loads, by the name of the file; binary, never compressed."""
_WORDS = """de het een van en in is dat op te voor met zijn niet aan er om ook als maar bij dan nog uit over jaar water
dieren leven groot klein eten bomen land stad zee bos vogels zomer winter mensen kinderen school boek lezen"""
_CHAIN = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Sites:
    """The running sites: the CA that a proxy must trust, and every name's own certificate (DER)."""

    ca: Path
    leaves: frozenset[bytes]
    sizes: dict[str, frozenset[int]]

    def right_sizes(self, path: str) -> frozenset[int]:
        """How long the body of an answer may be: plain or compressed."""
        return self.sizes[_file_of(path)]


def installed() -> bool:
    """Whether nginx is here."""
    return shutil.which("nginx", path=_PATH) is not None


_PATH = "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin"


@contextlib.contextmanager
def running(folder: Path, names: Sequence[str], cores: Sequence[int] = (LOADER_CORE,)) -> Iterator[Sites]:
    """Serve `names` on port 443 of `ORIGIN` until the end."""
    folder.mkdir(parents=True)
    sizes = _write_files(folder / "www")
    leaves = _write_certificates(folder, names)
    (folder / "nginx.conf").write_text(_configuration(folder, names))
    log = folder / "nginx.log"
    nginx = shutil.which("nginx", path=_PATH) or "nginx"
    process = start([nginx, "-p", str(folder), "-c", str(folder / "nginx.conf")], log, cores)
    try:
        until(lambda: _answers() or process.poll() is not None, "nginx", 20, log)
        if process.poll() is not None:
            raise RuntimeError(f"nginx stopped:\n{log.read_text()}")
        yield Sites(folder / "ca.pem", leaves, sizes)
    finally:
        stop(process)


def _answers() -> bool:
    with contextlib.suppress(OSError), socket.create_connection((ORIGIN, 443), 1):
        return True
    return False


# --- what is served --------------------------------------------------------------------------------------------------


def _file_of(path: str) -> str:
    """Which file a path is answered with (as the locations of the configuration say)."""
    path = path.partition("?")[0]
    if path.startswith("/body/"):
        return path.removeprefix("/body/")
    ending = path.rpartition("/")[2].rpartition(".")[2]
    return {"css": "style.css", "js": "script.js", "png": "picture.png", "json": "data.json"}.get(ending, "page.html")


def _write_files(folder: Path) -> dict[str, frozenset[int]]:
    folder.mkdir()
    dice = random.Random(6)
    files = {name: dice.randbytes(size) for name, size in BODIES.items()}
    files |= {
        "page.html": _page(dice).encode(),
        "style.css": "".join(f".deel-{n} {{ margin: {dice.randrange(40)}px; color: #{dice.randrange(0xFFFFFF):06x} }}\n"
                             for n in range(250)).encode(),
        "script.js": "".join(f"function stap{n}(a) {{ return a + {dice.randrange(10**6)}; }}\n"
                             for n in range(400)).encode(),
        "picture.png": b"\x89PNG\r\n\x1a\n" + dice.randbytes(24 * 1024),
        "data.json": ('{"som": [' + ", ".join(str(dice.randrange(100)) for _ in range(250)) + "]}").encode(),
    }  # fmt: skip
    sizes = {}
    for name, data in files.items():
        (folder / name).write_bytes(data)
        packed = gzip.compress(data, 6, mtime=0) if "." in name and not name.endswith(".png") else data
        if packed is not data:
            (folder / f"{name}.gz").write_bytes(packed)
        sizes[name] = frozenset({len(data), len(packed)})
    return sizes


def _page(dice: random.Random) -> str:
    """About 25 KB of an ordinary Dutch page."""

    words = _WORDS.split()

    def sentence() -> str:
        return " ".join(dice.choices(words, k=dice.randrange(6, 16))).capitalize() + "."

    parts = "\n".join(
        f'<section class="deel-{number}"><h2>{sentence()}</h2>'
        f"<p>{' '.join(sentence() for _ in range(6))}</p>"
        f'<img src="/beeld/{number}.png" alt="{sentence()}"><a href="/artikel/{number}">{sentence()}</a></section>'
        for number in range(34)
    )
    return (
        '<!doctype html>\n<html lang="nl"><head><meta charset="utf-8"><title>Dieren in het bos</title>'
        '<link rel="stylesheet" href="/stijl/a.css"><script src="/code/a.js" defer></script></head>'
        f"<body><h1>Dieren in het bos</h1>\n{parts}\n</body></html>\n"
    )


# --- nginx and its papers --------------------------------------------------------------------------------------------


def _configuration(folder: Path, names: Sequence[str]) -> str:
    servers = "\n".join(
        f"server {{ listen {ORIGIN}:443 ssl http2; server_name {name}; ssl_certificate {folder}/{name}.pem; "
        f"ssl_certificate_key {folder}/leaf.key; root {folder}/www; include {folder}/locations; }}"
        for name in names
    )
    (folder / "locations").write_text(
        "default_type text/html;\n"
        "location /body/ { default_type application/octet-stream; rewrite ^/body/(.*)$ /$1 break; }\n"
        "location ~ \\.css$ { rewrite ^ /style.css break; }\n"
        "location ~ \\.js$ { rewrite ^ /script.js break; }\n"
        "location ~ \\.png$ { rewrite ^ /picture.png break; }\n"
        "location ~ \\.json$ { rewrite ^ /data.json break; }\n"
        "location / { rewrite ^ /page.html break; }\n"
    )
    return f"""
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log crit;
worker_rlimit_nofile 20000;
events {{ worker_connections 16000; }}
http {{
  types {{ text/html html; text/css css; text/javascript js; image/png png; application/json json; }}
  access_log off; sendfile on; tcp_nodelay on; gzip_static on;
  open_file_cache max=100; open_file_cache_valid 3600s;
  keepalive_timeout 600s; keepalive_requests 100000000; client_header_timeout 600s;
  ssl_protocols TLSv1.2 TLSv1.3; ssl_session_cache shared:tls:10m; server_names_hash_bucket_size 128;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder}; uwsgi_temp_path {folder};
  scgi_temp_path {folder};
  {servers}
}}
"""


def _write_certificates(folder: Path, names: Sequence[str]) -> frozenset[bytes]:
    now = datetime.now(UTC)
    ca, ca_key = authority(folder / "ca.pem", None, "Bench sites", now)
    key = ec.generate_private_key(ec.SECP256R1())
    _write_key(folder / "leaf.key", key)
    leaves = set()
    for name in names:
        leaf = _leaf(name, key.public_key(), ca, ca_key, now)
        pem = [one.public_bytes(serialization.Encoding.PEM) for one in (leaf, ca)]
        (folder / f"{name}.pem").write_bytes(b"".join(pem))
        leaves.add(leaf.public_bytes(serialization.Encoding.DER))
    return frozenset(leaves)


def authority(
    public: Path, with_key: Path | None, title: str, now: datetime
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """Make a CA (P-256) and write it to `public`; with its key behind it to `with_key`."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, title)])
    made = (
        _builder(name, name, key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(sign=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    public.write_bytes(pem)
    if with_key is not None:
        _write_key(with_key, key)
        with_key.write_bytes(with_key.read_bytes() + pem)
    return made, key


def _leaf(
    name: str, public: ec.EllipticCurvePublicKey, ca: x509.Certificate, key: ec.EllipticCurvePrivateKey, now: datetime
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    return (
        _builder(subject, ca.subject, public, now)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(sign=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey, now: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _CHAIN)
    )


def _usage(*, sign: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=sign,
        crl_sign=sign,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    path.touch(mode=0o600)
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
