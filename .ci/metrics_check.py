#!/usr/bin/env python3
"""metrics_check.py FILE: reads a file of metrics with Prometheus' own Python client."""
import sys

from prometheus_client.parser import text_fd_to_metric_families

with open(sys.argv[1]) as file:
    families = list(text_fd_to_metric_families(file))
assert families and all(f.samples and f.documentation and f.name.startswith("millrace_") for f in families)
for family in families:
    assert family.type in ("counter", "gauge", "histogram"), family.name
    if family.type == "histogram":
        infinite = {s.labels["plugin"]: s.value for s in family.samples if s.labels.get("le") == "+Inf"}
        counts = {s.labels["plugin"]: s.value for s in family.samples if s.name.endswith("_count")}
        assert infinite == counts and counts, family.name
print(f"{len(families)} metrics, {sum(len(f.samples) for f in families)} values")
