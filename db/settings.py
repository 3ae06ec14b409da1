"""The operator's settings, read from the environment once for each process."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


def _default_home() -> Path:
    """Return the checkout's own home where `make` has made one, else the user's data folder."""
    of_checkout = Path(__file__).resolve().parents[1] / ".plumbline"
    if of_checkout.is_dir():
        return of_checkout
    data_home = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(data_home) / "plumbline"


GitHubPermission = Literal["triage", "write", "maintain", "admin"]


class Settings(BaseSettings):
    """Hold every setting; each is an environment variable of the same name with the prefix PLUMBLINE_.

    DATABASE_URL and REDIS_URL carry no prefix; when one is absent, `plumbline up` starts an embedded server
    in `home` and its processes find the address in `home/run`.
    """

    model_config = SettingsConfigDict(env_prefix="PLUMBLINE_", extra="ignore", frozen=True)

    home: Path = Field(default_factory=_default_home)
    database_url: str | None = Field(default=None, validation_alias="DATABASE_URL")
    redis_url: str | None = Field(default=None, validation_alias="REDIS_URL")
    data: Path | None = Field(default=None, description="Folder with local benchmark data.")
    host: str = "127.0.0.1"
    port: int = Field(default=8642, ge=0, le=65535, description="Where the API listens; 0 chooses a free port.")
    web_processes: int = Field(
        default_factory=lambda: min(4, os.cpu_count() or 1), ge=1, le=8, description="How many processes answer."
    )
    public_url: str | None = Field(default=None, description="The address under which people reach this service.")
    public_read: bool = Field(default=False, description="Show report pages without a sign-in.")
    external_code_roots: str = Field(
        default="", description="Folders, separated by ':', whose Python packages and wheels a submission may load."
    )
    code_repositories: str = Field(
        default="",
        description="Repositories whose code a submission may name, with all their pull requests: beginnings of "
        "https:// addresses, or folders, separated by spaces.",
    )
    cpu_slots: int = Field(default_factory=lambda: min(2, os.cpu_count() or 1), ge=1)
    remote_slots: int = Field(default=2, ge=1, description="How many jobs on remote engines run at once on a host.")
    lease_s: float = Field(default=30.0, gt=0, description="A job whose worker is silent for this long is lost.")
    heartbeat_s: float = Field(default=2.0, gt=0)
    max_attempts: int = Field(
        default=3, ge=1, description="How many retryable failures end a job; other attempts do not count."
    )
    start_timeout_s: float = Field(default=900.0, gt=0, description="How long an engine may take to become ready.")
    max_body_bytes: int = Field(default=1_000_000, gt=0)
    github_app_id: str | None = None
    github_private_key_path: Path | None = Field(default=None, description="The App's private key, a PEM file.")
    github_webhook_secrets: SecretStr = Field(
        default=SecretStr(""), description="Secrets of webhooks, separated by spaces; each is accepted."
    )
    github_repositories: str = Field(
        default="", description="Repositories whose pull requests the bot serves: owner/name or owner/*, and spaces."
    )
    github_api_url: str = "https://api.github.com"
    github_web_url: str = Field(
        default="https://github.com", description="Where the repositories' code is fetched from, and links lead."
    )
    github_permission: GitHubPermission = Field(default="write", description="What whoever gives commands must have.")
    github_maintainer_permission: GitHubPermission = Field(
        default="maintain", description="What it takes to let a fork's commit run, and to promote a baseline."
    )
    github_users: str = Field(default="", description="Users who may give commands too, separated by spaces.")
    github_model_roots: str = Field(
        default="", description="Folders, separated by ':', below which a command may name a model of this host."
    )
    github_max_body_bytes: int = Field(default=25 * 2**20, gt=0)

    @property
    def engines_dir(self) -> Path:
        """Return the folder that holds the engines' environments."""
        return self.home / "engines"

    @property
    def sources_dir(self) -> Path:
        """Return the folder that holds what was fetched and built for submissions."""
        return self.home / "sources"

    @property
    def jobs_dir(self) -> Path:
        """Return the folder that holds a folder of logs for each job."""
        return self.home / "jobs"

    @property
    def run_dir(self) -> Path:
        """Return the folder for sockets, locks and addresses of running processes."""
        return self.home / "run"

    @property
    def code_roots(self) -> tuple[Path, ...]:
        """Return the folders from which submitted code may be loaded."""
        return tuple(Path(part).resolve() for part in self.external_code_roots.split(":") if part)

    @property
    def github_secrets(self) -> tuple[str, ...]:
        """Return the secrets with which a webhook may be signed."""
        return tuple(self.github_webhook_secrets.get_secret_value().split())

    @property
    def github_missing(self) -> tuple[str, ...]:
        """Return the variables without which there is no bot; () when it is configured."""
        needed = {
            "PLUMBLINE_GITHUB_APP_ID": self.github_app_id,
            "PLUMBLINE_GITHUB_PRIVATE_KEY_PATH": self.github_private_key_path,
            "PLUMBLINE_GITHUB_WEBHOOK_SECRETS": self.github_secrets,
            "PLUMBLINE_GITHUB_REPOSITORIES": self.github_repositories.strip(),
        }
        return tuple(name for name, value in needed.items() if not value)

    @property
    def github_ready(self) -> bool:
        """Tell whether the bot is configured."""
        return not self.github_missing

    @property
    def repositories(self) -> tuple[str, ...]:
        """Return the addresses and absolute folders from which submitted code may be fetched."""
        parts = (part.removeprefix("file://") for part in self.code_repositories.split())
        return tuple(part if "://" in part else str(Path(part).resolve()) for part in parts)


@lru_cache(maxsize=1)
def settings() -> Settings:
    """Return this process's settings."""
    return Settings()
