"""The names of all parsers, for those who cannot wait until their samples are made."""

PARSERS = (
    *("v2-request", "v2-response", "v2-binary-request", "v2-binary-response", "v2-grpc-request"),
    *("v2-grpc-response", "v2-metadata", "content-coding", "form", "classify-json"),
    *("classify-table-json", "classify-csv", "classify-table-csv", "evaluate-csv"),
    *("forward-batch-csv", "picture", "forward-json", "forward-form", "evaluate-zip"),
    *("forward-batch-zip", "headers", "quick-head", "quick-body", "csv-table", "csv-gz-table"),
    *("parquet-table", "uploaded-table", "uploaded-images", "stored-holdout", "labels", "followed-rows"),
    *("bundle-manifest", "bundle-tar", "stored-bundle", "evidence", "rollout", "rollout-order"),
    *("recorded-predictions", "live-predictions", "kept-labels", "gate-yaml", "slice", "params-yaml"),
    *("followed-state", "spool-chunk", "spool-place", "model-copy", "key-file", "access-headers"),
)
"""In the order in which they are tried."""
