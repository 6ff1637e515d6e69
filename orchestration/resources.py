"""The one resource: which home folder a run works on."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import dagster as dg

from orchestration.settings import Settings, load_settings


class Home(dg.ConfigurableResource):  # pyright: ignore[reportMissingTypeArgument]
    """State folder of a run; what is not given comes from the environment (see ``orchestration.settings``)."""

    home: str | None = None
    landing: str | None = None
    as_at: str | None = None

    def settings(self) -> Settings:
        """Settings of the run, folders made."""
        return load_settings(
            home=Path(self.home) if self.home else None,
            landing=Path(self.landing) if self.landing else None,
            as_at=date.fromisoformat(self.as_at) if self.as_at else None,
        ).prepare()

    @classmethod
    def of(cls, settings: Settings) -> Home:
        """The resource that gives these settings back."""
        return cls(
            home=str(settings.home),
            landing=str(settings.landing),
            as_at=settings.as_at.isoformat() if settings.as_at else None,
        )
