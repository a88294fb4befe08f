"""The evidence as a page for a person: one HTML file with its pictures inside, which needs no network to be read."""

from promotion.report.page import Chapter, Fact, write_report
from promotion.report.traffic_chart import TrafficSample

__all__ = ["Chapter", "Fact", "TrafficSample", "write_report"]
