"""The environment variables that Gazetteer reads, as one typed class.

`.env.example` lists them all; a test keeps the two equal. Everything has a default that
works on one machine, below one folder.
"""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from config.redaction import password_of

CHECKOUT = Path(__file__).resolve().parent.parent

Words = Annotated[tuple[str, ...], NoDecode]
LogLevel = Annotated[
    Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(str.upper)
]
Rate = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,8}/(second|minute|hour|day)$")]


class Environment(BaseSettings):
    """A variable of the process wins over the same line in `.env`."""

    model_config = SettingsConfigDict(
        env_file=CHECKOUT / ".env", extra="ignore", frozen=True, env_ignore_empty=True
    )

    debug: bool = False
    """Tracebacks in the browser and reload on change. Never on a public address."""
    secret_key: str = ""
    """Django's key. Unset: made once and kept in STATE_ROOT."""
    allowed_hosts: Words = ("localhost", "127.0.0.1", "[::1]")
    """Host names that the web server answers to, separated by commas."""
    csrf_trusted_origins: Words = ()
    """Origins such as https://directories.example.org, separated by commas."""
    https_only: bool = False
    """Redirect to https, secure cookies, HSTS."""
    behind_proxy: bool = False
    """A proxy in front ends TLS and sets X-Forwarded-Proto itself: believe it."""
    client_address_header: str = ""
    """The header in which that proxy names the caller's address, such as X-Real-IP. Unset:
    no header is believed."""
    api_rate: Rate = "600/minute"
    """How many requests a user may send to the API, in a second, minute, hour or day."""
    generate_rate: Rate = "60/hour"
    """How many runs a user may start through the API."""
    slow_requests: int | None = Field(default=None, ge=1, le=1000)
    """How many requests may wait for others' servers, templates and runs at once, on this host.
    Unset: for a quarter of the web server's threads."""
    state_root: Path = CHECKOUT / "var"
    """The folder that everything written at run time lies under."""
    static_root: Path | None = None
    """The folder that `collectstatic` fills. Unset: static/ in STATE_ROOT."""
    database_url: str = ""
    """For example postgres://user:password@host/name. Unset: SQLite in STATE_ROOT."""
    database_keep_seconds: int | None = Field(default=None, ge=0, le=3600)
    """How long a thread keeps its connection to the database. 0: for one request."""
    git_root: Path | None = None
    """The folder of the bare repositories. Unset: repositories/ in STATE_ROOT."""
    run_lease_seconds: int = Field(default=90, ge=5)
    """A run whose process has been silent for so many seconds is taken for lost."""
    run_stall_seconds: int = Field(default=600, ge=5)
    """A run whose step has not moved for so many seconds is given up and tried again."""
    run_memory_mib: int = Field(default=4096, ge=0)
    """How much address space a run may use in a worker, in MiB; 0: as much as there is."""
    checkpoint_root: Path | None = None
    """Where unfinished runs put away what they know. Unset: checkpoints/ in STATE_ROOT."""
    fetch_allowed_networks: Words = ()
    """Private networks that sources may lie in, such as 10.0.0.0/8."""
    fetch_allowed_hosts: Words = ()
    """Private host names that sources may lie on."""
    fetch_ca_bundle: str = ""
    """The path of a private certificate authority for sources."""
    fetch_interval_seconds: float = Field(default=1.0, ge=0, le=60)
    """The time between two fetches from one host."""
    fetch_cache_root: Path | None = None
    """The folder of fetched pages. Unset: pages/ in STATE_ROOT."""
    fetch_cache_megabytes: int = Field(default=256, ge=0)
    """How large that folder may become. 0: nothing is kept."""
    gazetteer_role: Literal["web", "worker"] = "web"
    """worker: a process that makes directories and has no database."""
    trigger_enabled: bool = False
    """Hand runs to the background cluster. Otherwise they are made in the request."""
    trigger_secret_key: str = ""
    """Signs the messages in the queue, at least 32 bytes; the same on both sides. Unset:
    nothing is queued."""
    trigger_api_url: str = ""
    """The broker, such as redis://host:6379/0. Unset: the database."""
    trigger_machine: str = "gazetteer"
    """The name of the queue: of the machines that shall make the directories."""
    trigger_workers: int = Field(default=1, ge=1, le=64)
    """How many runs a cluster makes at once."""
    trigger_internal_api_url: str = "http://localhost:8000/internal/trigger"
    """Where workers reach the web side."""
    trigger_internal_secret: str = ""
    """Signs what workers send, at least 32 bytes; the same on both sides."""
    trigger_internal_secret_previous: str = ""
    """Accepted as well while a new secret is handed out."""
    trigger_internal_plain_http: bool = False
    """Let workers and monitors come over http although HTTPS_ONLY is on: on a private
    network."""
    trigger_allow_plain_secret: bool = True
    """Accept the secret itself in a header, for clients that cannot sign."""
    log_level: LogLevel = "INFO"
    """DEBUG, INFO, WARNING or ERROR."""
    log_format: Literal["text", "json"] = "text"
    """text for people, json for programs: one object a line."""
    metrics_token: str = ""
    """Whoever sends it may read /metrics. Unset: there is no such page."""
    sentry_dsn: str = ""
    """Where mistakes of ours are reported to; needs the package sentry-sdk."""
    otel_exporter_otlp_endpoint: str = ""
    """Where traces are sent, by OTLP over http; needs OpenTelemetry's packages."""

    @field_validator(
        "allowed_hosts",
        "csrf_trusted_origins",
        "fetch_allowed_networks",
        "fetch_allowed_hosts",
        mode="before",
    )
    @classmethod
    def _split(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(word for word in value.replace(",", " ").split() if word)
        return value

    @field_validator("fetch_allowed_networks")
    @classmethod
    def _are_networks(cls, networks: tuple[str, ...]) -> tuple[str, ...]:
        """Say so when the process starts: later, every run would end in it."""
        if any(ipaddress.ip_network(network).prefixlen == 0 for network in networks):
            raise ValueError("a network that holds every address is not an exception")
        return networks

    @field_validator("trigger_internal_api_url")
    @classmethod
    def _without_slash(cls, value: str) -> str:
        return value.rstrip("/")

    @field_validator(
        "state_root",
        "static_root",
        "git_root",
        "checkpoint_root",
        "fetch_cache_root",
    )
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        """A relative path is relative to the checkout, wherever the command is typed."""
        return value and CHECKOUT / value.expanduser()

    @property
    def static_files(self) -> Path:
        return self.static_root or self.state_root / "static"

    @property
    def secrets(self) -> tuple[str, ...]:
        """Whatever shall be read in no log and on no page, empty ones among them."""
        return (
            self.secret_key,
            self.trigger_secret_key,
            self.trigger_internal_secret,
            self.trigger_internal_secret_previous,
            self.metrics_token,
            self.sentry_dsn,
            password_of(self.database_url),
            password_of(self.trigger_api_url),
        )

    @property
    def repositories(self) -> Path:
        return self.git_root or self.state_root / "repositories"

    @property
    def checkpoints(self) -> Path:
        return self.checkpoint_root or self.state_root / "checkpoints"

    @property
    def counts(self) -> Path:
        return self.state_root / "counts"

    @property
    def slow_requests_root(self) -> Path:
        return self.state_root / "slow-requests"

    @property
    def pages(self) -> Path:
        return self.fetch_cache_root or self.state_root / "pages"
