"""What training reads from the environment: nothing but the reproducible builds' date."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class TrainingSettings(BaseSettings):
    """Set from outside the parameters, because it belongs to a build and not to a model."""

    model_config = SettingsConfigDict(frozen=True)

    source_date_epoch: int | None = Field(
        default=None,
        ge=0,
        le=253402300799,  # the last second of the year 9999
        alias="SOURCE_DATE_EPOCH",
        description="seconds since 1970 that a bundle states as its save date",
    )
