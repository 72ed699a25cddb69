"""Every line of a journal is a CloudEvent that the official Python SDK accepts, and the official schema.

    cloudevents_check.py JOURNAL [SCHEMA]

The schema is cloudevents/formats/cloudevents.json of github.com/cloudevents/spec, tag v1.0.2; without it, and
without the package `jsonschema`, the SDK alone is asked, and that is said.
"""
import glob
import json
import sys

from cloudevents.http import from_json

schema = None
if len(sys.argv) > 2:
    from jsonschema import Draft7Validator, FormatChecker

    with open(sys.argv[2], "rb") as file:
        description = json.load(file)
    assert {"id", "source", "specversion", "type"} <= set(description["required"]), "this is another schema"
    Draft7Validator.check_schema(description)
    schema = Draft7Validator(description, format_checker=FormatChecker())
    assert not schema.is_valid({"specversion": "1.0"}), "this schema accepts anything"

count = 0
for name in sorted(glob.glob(sys.argv[1] + "/*.jsonl")):
    with open(name, "rb") as segment:
        for line in segment:
            if line.strip():
                event = from_json(line)
                assert event["specversion"] == "1.0" and event["id"] and event["type"], line
                if schema:
                    schema.validate(json.loads(line))
                count += 1
assert count > 0, "no events"
print(f"{count} lines are CloudEvents 1.0, says the SDK" + (" and the schema" if schema else ""))
if not schema:
    print("SKIPPED: the CloudEvents JSON schema or jsonschema could not be had")
