#!/usr/bin/env python3
"""A plugin in another language: takes note of large drops. Put it into code/plugins/ and declare it:

    externalPlugins: {
        "large-drops": {
            program: "large_drops.py", reactsTo: ["data.accepted"], emits: ["note.taken"],
            settings: { rows: 1000 },
        },
    },

It may be given the same event again after a crash: what it does then must come to the same.
"""
import json
import sys


def say(message):
    print(json.dumps(message), flush=True)


def react(event, settings):
    rows = event["data"]["file"]["rows"]
    if rows < settings.get("rows", 1000):
        return []
    text = f"{rows} rows in one drop"
    return [{"type": "note.taken", "subject": event["subject"], "data": {"text": text}}]


for line in sys.stdin:
    message = json.loads(line)
    if "hello" in message:
        settings = message["hello"]["settings"]
        say({"hello": {"protocol": 1}})
    elif "ping" in message:
        say({"pong": message["ping"]})
    elif "event" in message:
        try:
            say({"events": react(message["event"], settings)})
        except (KeyError, TypeError) as error:
            say({"error": f"not the event it expects: {error!r}", "retryable": False})
