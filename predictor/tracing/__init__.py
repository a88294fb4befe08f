"""Traces: a span for each request, and one for each run of the model, which several requests may share.

request_span.py   what the rest of the predictor knows of them
otlp.py           OpenTelemetry's SDK behind it; imported where an endpoint is set, and nowhere else
"""
