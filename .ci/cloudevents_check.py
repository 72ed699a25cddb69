"""Every line of a journal is a CloudEvent that the official Python SDK accepts."""
import glob
import sys

from cloudevents.http import from_json

count = 0
for name in sorted(glob.glob(sys.argv[1] + "/*.jsonl")):
    with open(name, "rb") as segment:
        for line in segment:
            if line.strip():
                event = from_json(line)
                assert event["specversion"] == "1.0" and event["id"] and event["type"], line
                count += 1
assert count > 0, "no events"
print(f"{count} lines are CloudEvents 1.0")
