"""Reads what `comeback report` has written with libraries that have nothing to do with it.

independent.py report.json latency.hlog junit.xml metrics.prom
"""

import json
import math
import sys

from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader
from junitparser import JUnitXml
from prometheus_client.parser import text_string_to_metric_families

report_file, log_file, junit_file, metrics_file = sys.argv[1:]
report = json.load(open(report_file))


def at_rank(histogram, rank):
    """The value of the request of this rank, counted from 1, as the histogram's own iterator tells it."""
    for step in histogram.get_recorded_iterator():
        if step.total_count_to_this_value >= rank:
            return histogram.get_highest_equivalent_value(step.value_iterated_to)
    raise AssertionError(f"there is no rank {rank}")


# Percentiles from the interval log.
histograms = {}
log = HistogramLogReader(log_file, HdrHistogram(1, 3_600_000_000, 3))
while (interval := log.get_next_interval_histogram()) is not None:
    sum_of_tag = histograms.setdefault(interval.get_tag(), HdrHistogram(1, 3_600_000_000, 3))
    sum_of_tag.add(interval)
assert report["latency"], "there is nothing to compare"
rows = {f"{row['stage']}-{row['outcome']}": row for row in report["latency"]}
if "late" in report:
    rows["harness-late"] = report["late"]
assert set(histograms) == set(rows), (list(histograms), list(rows))
for tag, row in rows.items():
    histogram = histograms[tag]
    assert row["count"] == histogram.get_total_count(), row
    assert row["max_us"] == histogram.get_max_value(), (row, histogram.get_max_value())
    for percentile in (50, 90, 99):
        told = row[f"p{percentile}_us"]
        # This library rounds the rank to the nearest, ours and the later Java ones upwards: they agree where rounding does.
        exact = percentile * row["count"] / 100
        assert told == at_rank(histogram, math.ceil(exact)), (row, percentile)
        if math.ceil(exact) == int(exact + 0.5):
            assert told == histogram.get_value_at_percentile(percentile), (row, percentile)

# JUnit.
junit = JUnitXml.fromfile(junit_file)
cases = [case for suite in junit for case in suite]
failed = sorted(case.name for case in cases if any(type(r).__name__ == "Failure" for r in case.result))
expected = sorted(failure["signature"] for failure in report["summary"]["failures"])
assert failed == expected, (failed, expected)
counted = (junit.tests, junit.failures, junit.errors)
junit.update_statistics()
assert counted == (junit.tests, junit.failures, junit.errors) == (len(cases), len(failed), 0), counted

# Prometheus.
families = {family.name: family for family in text_string_to_metric_families(open(metrics_file).read())}
trials = families["comeback_trials"].samples[0]
assert trials.value == report["summary"]["plans_executed"], trials
assert trials.labels["stack"] == report["summary"]["stack"], trials
states = {s.labels["verdict"]: s.value for s in families["comeback_verdict"].samples}
assert states[report["verdict"]] == 1 and sum(states.values()) == 1, states
counts = [s for s in families["comeback_latency_seconds"].samples if s.name.endswith("_count")]
assert sum(s.value for s in counts) == sum(row["count"] for row in report["latency"])
print(f"{len(histograms)} histograms, {len(cases)} test cases, {len(families)} metrics")
