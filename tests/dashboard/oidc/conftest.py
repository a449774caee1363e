"""The providers on this machine, and a dashboard that goes there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask

from cli.demo.certs import Papers, make_papers
from dashboard import close_app, create_app
from store import Store
from tests.cast import KNOWLEDGE
from tests.dashboard.conftest import SCHOOL, SEAL, Browser, Clock
from tests.dashboard.oidc.school import ANJA, HOSTS, ISSUERS, WAYS, School, settings
from tests.dashboard.provider import SECRET, LyingProvider, serving


@pytest.fixture(scope="session")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    names = sorted({host.partition(":")[0] for hosts in HOSTS.values() for host in hosts} | {"localhost"})
    return make_papers(tmp_path_factory.mktemp("papers"), names, datetime.now(UTC))


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    file = tmp_path / "geheim.txt"
    file.touch(0o600)
    file.write_text(SECRET + "\n")
    return file


@pytest.fixture
def providers(clock: Clock) -> dict[str, LyingProvider]:
    return {way: LyingProvider(clock, issuer=ISSUERS[way], person=dict(ANJA[way])) for way in WAYS}


@pytest.fixture
def app(
    store: Store, clock: Clock, papers: Papers, secret: Path, providers: dict[str, LyingProvider]
) -> Iterator[Flask]:
    # As the real one has it: three hosts.
    providers["google"].described = {
        "token_endpoint": "https://oauth2.googleapis.com/token",
        "jwks_uri": "https://www.googleapis.com/jwks",
    }
    with ExitStack() as stack:
        places = {way: stack.enter_context(serving(providers[way], papers)) for way in WAYS}
        made = create_app(store, KNOWLEDGE, SCHOOL, settings(places, papers, secret), clock, b"s" * 32, seal=SEAL)
        made.extensions["klaswacht_oidc"]._within = 60.0  # a busy machine is not a slow provider
        yield made
        close_app(made)


@pytest.fixture
def school(store: Store, browser: Callable[[], Browser], providers: dict[str, LyingProvider], app: Flask) -> School:
    return School(store, browser, providers, app)
