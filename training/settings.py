"""What training reads from the environment, or from a file `.env` in the working directory: two things that belong to a
place and not to a model."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class TrainingSettings(BaseSettings):
    """The reproducible builds' date, and where experiments are kept."""

    model_config = SettingsConfigDict(env_file=".env", frozen=True, extra="ignore")

    source_date_epoch: int | None = Field(
        default=None,
        ge=0,
        le=253402300799,  # the last second of the year 9999
        alias="SOURCE_DATE_EPOCH",
        description="seconds since 1970 that a bundle states as its save date",
    )
    tracking_url: str | None = Field(
        default=None,
        alias="ASSAY_TRACKING_URL",
        description="the store of experiments: sqlite:///FILE, or an MLflow server's http(s)://",
    )
