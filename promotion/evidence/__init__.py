"""Where evidence comes from: today, replaying a holdout against both revisions over HTTP."""
