"""Every setting of the server: the only file that reads the environment and `.env`."""

import re
from email.utils import parseaddr
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from server.browser import TURN, IceServer
from server.egress import EgressPolicy
from server.identity.addresses import normalised
from server.identity.smtp import MailServer, Security
from server.kit.errors import InvalidInput
from server.speech.speaker import FIRST_SOUND_S
from server.storage.database import CONNECTIONS, WAIT_S

Words = Annotated[tuple[str, ...], NoDecode]
"""Comma-separated words, in the environment a plain string."""


class Settings(BaseSettings):
    """Read once at start; docs/reference/settings.md lists the names in the environment."""

    model_config = SettingsConfigDict(
        env_file=".env", extra="ignore", env_ignore_empty=True, populate_by_name=True, frozen=True
    )

    host: str = Field(
        "127.0.0.1",
        validation_alias="HOST",
        description="Address to listen on. 0.0.0.0 is every IPv4 interface of the machine.",
    )
    port: int = Field(
        8080,
        validation_alias="PORT",
        ge=1,
        le=65532,
        description="Port of the server; the demo shops and the demo CRM use the three after it.",
    )
    public_url: str | None = Field(
        None,
        validation_alias="PARLOIR_PUBLIC_URL",
        description="How browsers reach the server, e.g. https://voice.example.com. Default: from host and port.",
    )
    data_dir: Path = Field(
        Path("var"),
        validation_alias="PARLOIR_DATA_DIR",
        description="Folder for the SQLite file, joined model files, the master secret and cached speech.",
    )
    database_url: str | None = Field(
        None,
        validation_alias="DATABASE_URL",
        repr=False,
        description="sqlite:///path or postgresql://user:password@host/name. Default: SQLite in the data folder.",
    )
    database_connections: int = Field(
        CONNECTIONS,
        ge=1,
        le=500,
        validation_alias="PARLOIR_DATABASE_CONNECTIONS",
        description="Connections to the database that one process opens at most.",
    )
    database_wait_s: float = Field(
        WAIT_S,
        gt=0,
        le=60,
        validation_alias="PARLOIR_DATABASE_WAIT_S",
        description="How long a request waits for one of them before it is refused with 503, in seconds.",
    )
    redis_url: str | None = Field(
        None,
        validation_alias="REDIS_URL",
        repr=False,
        description="redis://… for more than one server process. Default: everything in this process.",
    )
    storage_url: str | None = Field(
        None,
        validation_alias="PARLOIR_STORAGE_URL",
        description="s3://bucket/prefix for recordings. Default: the folder `objects` in the data folder.",
    )
    storage_endpoint: str | None = Field(
        None,
        validation_alias="PARLOIR_STORAGE_ENDPOINT",
        description="URL of an S3-compatible service other than Amazon's, e.g. https://minio.example.com.",
    )
    storage_region: str = Field(
        "us-east-1", validation_alias="PARLOIR_STORAGE_REGION", description="Region of the bucket."
    )
    storage_access_key: str | None = Field(
        None,
        validation_alias="PARLOIR_STORAGE_ACCESS_KEY",
        repr=False,
        description="Access key id for the bucket. Default: the machine's own role.",
    )
    storage_secret_key: SecretStr | None = Field(
        None, validation_alias="PARLOIR_STORAGE_SECRET_KEY", description="Secret key that belongs to it."
    )
    cable_open_origins: bool = Field(
        default=True,
        validation_alias="PARLOIR_CABLE_OPEN_ORIGINS",
        description="Let pages of any origin open /cable, where a token decides; else only listed origins.",
    )
    egress_allow_http: bool = Field(
        default=False,
        validation_alias="PARLOIR_EGRESS_ALLOW_HTTP",
        description="Let webhooks go to http:// addresses too, not only to https://.",
    )
    egress_networks: Words = Field(
        (),
        validation_alias="PARLOIR_EGRESS_NETWORKS",
        description="Networks of your own that webhooks may reach beside the public internet, e.g. 10.2.0.0/16.",
    )
    tls_cert: Path | None = Field(
        None, validation_alias="PARLOIR_TLS_CERT", description="Certificate chain (PEM) to serve https directly."
    )
    tls_key: Path | None = Field(
        None, validation_alias="PARLOIR_TLS_KEY", description="Private key (PEM) of the certificate."
    )
    trusted_proxies: Words = Field(
        (),
        validation_alias="PARLOIR_TRUSTED_PROXIES",
        description="Addresses or networks whose X-Forwarded-For header is believed, comma-separated.",
    )
    media_addresses: Words = Field(
        (),
        validation_alias="PARLOIR_MEDIA_ADDRESSES",
        description="Local addresses for WebRTC media. Default: loopback if HOST is, else every interface.",
    )
    media_port_min: int = Field(
        40000,
        validation_alias="PARLOIR_MEDIA_PORT_MIN",
        ge=1024,
        le=65535,
        description="First UDP port for media.",
    )
    media_port_max: int = Field(
        40999, validation_alias="PARLOIR_MEDIA_PORT_MAX", ge=1024, le=65535, description="Last UDP port for media."
    )
    media_public_address: str | None = Field(
        None,
        validation_alias="PARLOIR_MEDIA_PUBLIC_ADDRESS",
        description="Address browsers should send media to, when the server stands behind one-to-one NAT.",
    )
    ice_servers: Words = Field(
        (),
        validation_alias="PARLOIR_ICE_SERVERS",
        description="STUN and TURN servers, comma-separated: stun:host:port, turn:host:port with PARLOIR_TURN_SECRET, "
        "or turn:user:password@host:port.",
        repr=False,
    )
    turn_secret: SecretStr | None = Field(
        None,
        validation_alias="PARLOIR_TURN_SECRET",
        description="Secret shared with the TURN servers (coturn's static-auth-secret): every session gets credentials "
        "of its own.",
    )
    turn_ttl_s: int = Field(
        600,
        validation_alias="PARLOIR_TURN_TTL_S",
        ge=30,
        le=86_400,
        description="Seconds in which such credentials open a relay; one that is open stays open.",
    )
    ice_relay_only: bool = Field(
        default=False,
        validation_alias="PARLOIR_ICE_RELAY_ONLY",
        description="Let pages send sound through a TURN server or not at all, never straight to this server.",
    )
    caller_id: str | None = Field(
        None,
        validation_alias="PARLOIR_CALLER_ID",
        description="Number shown by calls whose order names none, international form.",
        repr=False,
    )
    smtp_host: str | None = Field(
        None,
        validation_alias="PARLOIR_SMTP_HOST",
        description="Mail server for confirmation codes. Default: mails are kept in the development outbox.",
    )
    smtp_port: int = Field(
        587, validation_alias="PARLOIR_SMTP_PORT", ge=1, le=65535, description="Port of the mail server."
    )
    smtp_security: Security = Field(
        "starttls",
        validation_alias="PARLOIR_SMTP_SECURITY",
        description="starttls (usual on port 587), tls (465), or none, for a mail server on the same machine.",
    )
    smtp_username: str | None = Field(
        None, validation_alias="PARLOIR_SMTP_USERNAME", repr=False, description="User at the mail server, if it asks."
    )
    smtp_password: SecretStr | None = Field(
        None, validation_alias="PARLOIR_SMTP_PASSWORD", description="Password of that user."
    )
    mail_from: str = Field(
        "Parloir <no-reply@localhost.localdomain>",
        validation_alias="PARLOIR_MAIL_FROM",
        description="Who mails are from: an address, or Name <address>. Needed with a mail server.",
    )
    openai_base_url: str | None = Field(
        None,
        validation_alias="PARLOIR_OPENAI_BASE_URL",
        description="Base URL of an OpenAI-compatible API; enables the engine `openai`.",
    )
    openai_api_key: SecretStr | None = Field(
        None, validation_alias="PARLOIR_OPENAI_API_KEY", description="Key for that API."
    )
    openai_model: str = Field(
        "gpt-4o-mini", validation_alias="PARLOIR_OPENAI_MODEL", description="Chat model of the engine `openai`."
    )
    openai_stt_model: str | None = Field(
        None,
        validation_alias="PARLOIR_OPENAI_STT_MODEL",
        description="Set to recognise speech through that API instead of offline.",
    )
    openai_tts_model: str | None = Field(
        None,
        validation_alias="PARLOIR_OPENAI_TTS_MODEL",
        description="Set to synthesise speech through that API instead of offline.",
    )
    whisper_model: Path | None = Field(
        None,
        validation_alias="PARLOIR_WHISPER_MODEL",
        description="Folder of another CTranslate2 Whisper model (model.bin, config.json, vocabulary.txt).",
    )
    resume_s: int = Field(
        60,
        validation_alias="PARLOIR_RESUME_S",
        ge=30,
        le=3600,
        description="Seconds a conversation waits for a visitor whose connection is gone.",
    )
    speak_ahead: bool = Field(
        default=True,
        validation_alias="PARLOIR_SPEAK_AHEAD",
        description="Have known answers spoken in the background after a start, so that they come at once.",
    )
    first_sound_s: float = Field(
        FIRST_SOUND_S,
        validation_alias="PARLOIR_FIRST_SOUND_S",
        gt=0,
        le=8,
        description="Seconds the best voice may take to its first sound before the next one speaks in its place.",
    )
    call_resume_s: int = Field(
        30,
        validation_alias="PARLOIR_CALL_RESUME_S",
        ge=10,
        le=3600,
        description="Seconds a call waits for a softphone whose connection is lost; 10 at most while it rings.",
    )
    drain_s: int = Field(
        5,
        validation_alias="PARLOIR_DRAIN_S",
        ge=0,
        le=600,
        description="Seconds to finish what is being said when the server stops.",
    )
    log_level: str = Field("INFO", validation_alias="PARLOIR_LOG_LEVEL", description="DEBUG, INFO, WARNING or ERROR.")
    log_json: bool = Field(
        default=False, validation_alias="PARLOIR_LOG_JSON", description="One JSON object a line instead of text."
    )

    @field_validator("trusted_proxies", "media_addresses", "ice_servers", "egress_networks", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(word.strip() for word in value.split(",") if word.strip())
        return value

    @field_validator("ice_servers")
    @classmethod
    def _understood(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            _ice_server(text)
        return value

    @field_validator("egress_networks")
    @classmethod
    def _are_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            ip_network(text)
        return value

    @field_validator("storage_url")
    @classmethod
    def _is_bucket(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(
            r"s3://[a-z0-9][a-z0-9.-]{1,62}(/[A-Za-z0-9][A-Za-z0-9._-]*)*/?", value
        ):
            raise ValueError("must be s3://bucket or s3://bucket/prefix")
        return value

    @field_validator("mail_from")
    @classmethod
    def _is_sender(cls, value: str) -> str:
        try:
            normalised(parseaddr(value)[1])
        except InvalidInput:
            raise ValueError("must be an e-mail address, or Name <address>") from None
        return value

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, value: str) -> str:
        if value.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
            raise ValueError("must be DEBUG, INFO, WARNING or ERROR")
        return value.upper()

    @model_validator(mode="after")
    def _belong_together(self) -> Self:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("PARLOIR_TLS_CERT and PARLOIR_TLS_KEY are needed together")
        if (self.storage_access_key is None) != (self.storage_secret_key is None):
            raise ValueError("PARLOIR_STORAGE_ACCESS_KEY and PARLOIR_STORAGE_SECRET_KEY are needed together")
        if (self.smtp_username is None) != (self.smtp_password is None):
            raise ValueError("PARLOIR_SMTP_USERNAME and PARLOIR_SMTP_PASSWORD are needed together")
        if self.smtp_host is not None and "mail_from" not in self.model_fields_set:
            raise ValueError("PARLOIR_MAIL_FROM is needed with PARLOIR_SMTP_HOST")
        relays = [server for server in self.page_ice_servers if server.urls.startswith(TURN)]
        if any(server.takes_credentials for server in relays) != (self.turn_secret is not None):
            raise ValueError("PARLOIR_TURN_SECRET and a turn: server without a user are needed together")
        if self.ice_relay_only and not relays:
            raise ValueError("PARLOIR_ICE_RELAY_ONLY needs a turn: server in PARLOIR_ICE_SERVERS")
        if self.media_port_max - self.media_port_min < 1:
            raise ValueError("PARLOIR_MEDIA_PORT_MAX must be greater than PARLOIR_MEDIA_PORT_MIN")
        return self

    @property
    def is_loopback(self) -> bool:
        return self.host in {"127.0.0.1", "localhost", "::1"}

    @property
    def origin(self) -> str:
        """The server's own origin as browsers see it, without a trailing slash."""
        if self.public_url:
            return self.public_url.rstrip("/")
        scheme = "https" if self.tls_cert else "http"
        host = "localhost" if self.is_loopback or self.host in {"0.0.0.0", "::"} else self.host  # noqa: S104
        return f"{scheme}://{host}:{self.port}"

    @property
    def resolved_database_url(self) -> str:
        return self.database_url or f"sqlite:///{self.data_dir.resolve() / 'parloir.db'}"

    @property
    def database_access(self) -> tuple[str, int, float]:
        """As Database takes it: where it is, how many connections, how long to wait for one."""
        return self.resolved_database_url, self.database_connections, self.database_wait_s

    @property
    def page_ice_servers(self) -> list[IceServer]:
        return [_ice_server(text) for text in self.ice_servers]

    @property
    def mail_server(self) -> MailServer | None:
        """Where mails go; None keeps them in the development outbox."""
        if self.smtp_host is None:
            return None
        name, address = parseaddr(self.mail_from)
        return MailServer(
            host=self.smtp_host,
            port=self.smtp_port,
            security=self.smtp_security,
            sender=normalised(address),
            sender_name=name,
            username=self.smtp_username,
            password=self.smtp_password.get_secret_value() if self.smtp_password else None,
        )

    @property
    def egress_policy(self) -> EgressPolicy:
        """Which customers' addresses we send to."""
        return EgressPolicy(self.egress_allow_http, tuple(ip_network(text) for text in self.egress_networks))

    @property
    def resolved_media_addresses(self) -> tuple[str, ...]:
        """Empty means every interface."""
        return self.media_addresses or (("127.0.0.1",) if self.is_loopback else ())


def _ice_server(text: str) -> IceServer:
    scheme, colon, rest = text.partition(":")
    if scheme not in {"stun", "turn", "turns"} or not colon or not rest:
        raise ValueError("an ICE server is stun:host:port, turn:host:port or turn:user:password@host:port")
    secret, at, address = rest.rpartition("@")
    if not at:
        return IceServer(text)
    user, _, password = secret.partition(":")
    return IceServer(f"{scheme}:{address}", user, password)
