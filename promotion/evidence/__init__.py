"""Where evidence comes from: replaying a holdout against both revisions, over HTTP or gRPC."""
