#!/usr/bin/env python3
"""Verifies a Millrace proof without any code of Millrace: only the description of the format.

    verify_proof.py FILE

Prints what is proved and exits 0; or prints what is wrong, by name, and exits 1. Standard library only.
"""
import base64
import hashlib
import json
import re
import sys

LINE = re.compile(
    rb'\{"crc":"([0-9a-f]{8})","length":"(\d{8})","sequence":"(\d{20})","durable":"\d{20}","time":"'
    rb'(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)","batch":"\d{5}/\d{5}","correlationid":"[0-9a-f]{32}",'
    rb'"previous":"([0-9a-f]{64})","type":"[!#-\[\]-~]{1,255}","specversion":"1\.0",.*\}', re.DOTALL)
TAIL = re.compile(rb'  "sha256": "([0-9a-f]{64})"\n\}\n\Z')
STEPS = {
    "data": "file.arrived", "code": "file.arrived", "command": "file.arrived", "contract": "contract.",
    "validation": "data.accepted", "dataset": "dataset.versioned", "settings": "settings.accepted",
    "request": "", "run": "run.started", "trained": "run.completed", "version": "model.versioned",
    "evaluation": "model.evaluated", "gates": "gates.evaluated", "approval": "approval.decided",
    "plan": "deployment.planned", "deployment": "deployment.completed", "check": "stage.checked"}
TABLE = []
for byte in range(256):
    value = byte
    for _ in range(8):
        value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
    TABLE.append(value)


class Flaw(Exception):
    pass


def need(condition, words):
    if not condition:
        raise Flaw(words)
    return condition


def crc32c(data):
    value = 0xFFFFFFFF
    for byte in data:
        value = value >> 8 ^ TABLE[(value ^ byte) & 0xFF]
    return value ^ 0xFFFFFFFF


def check_records(lines, claim):
    """The records as objects: each whole, each bound to the one before it, the last one the head."""
    events, before = [], None
    for index, text in enumerate(lines):
        place = f"the record after {before[0]}" if before else "the first record"
        need(isinstance(text, str), f"{place} is no text")
        line = text.encode()
        match = LINE.fullmatch(line)
        need(match and int(match[2]) == len(line) + 1 and int(match[1], 16) == crc32c(line[16:]),
             f"{place} (entry {index + 1}) is not as it was written")
        sequence, time, previous = int(match[3]), match[4], match[5].decode()
        if before:
            need(sequence > before[0] and time >= before[2], f"record {sequence} is out of order")
            need(sequence != before[0] + 1 or previous == before[1],
                 f"record {before[0]} is not the one that record {sequence} follows")
        before = (sequence, hashlib.sha256(line).hexdigest(), time)
        event = json.loads(line)
        event["sequence"] = sequence
        events.append(event)
    need(before and claim["head"] == before[0] and claim["headHash"] == before[1],
         "the last record is not the head that is claimed")
    return events


def read_list(inputs, objects):
    """The files of a dataset version, from the layers of its list; their digest is the version's."""
    files = {file["path"]: file for file in inputs["files"].get("listed") or []}
    for layer in inputs["files"]["layers"]:
        need(layer["sha256"] in objects, f"the list of files {layer['sha256']} is missing")
        for line in objects[layer["sha256"]].splitlines():
            entry = json.loads(line)
            files[entry["path"]] = entry
    files = {path: file for path, file in files.items() if not file.get("removed")}

    def raw(path):
        return re.sub(rb"%([0-9A-F]{2})", lambda m: bytes([int(m[1], 16)]), path.encode())
    text = "".join(
        json.dumps({"path": p, "size": files[p]["size"], "sha256": files[p]["sha256"]},
                   separators=(",", ":")) + "\n" for p in sorted(files, key=raw))
    need(not inputs["files"]["layers"]
         or hashlib.sha256(text.encode()).hexdigest() == inputs["datasetDigest"],
         "the list of the dataset's files is not what its digest says")
    return files


def check_story(events, claim, objects):
    """Data, validation, code, run, evaluation, gates, approval and deployment fit together."""
    by_id = {event["id"]: event for event in events}

    def find(kind, before=None, **wanted):
        found = [e for e in events if e["type"] == kind and (before is None or e["sequence"] < before)
                 and all(e["data"].get(k) == v for k, v in wanted.items())]
        return found[-1] if found else None
    model, version, stage = claim["model"], claim["version"], claim["stage"]
    this = {"model": model, "version": version}
    deployed = next((e for e in events if e["sequence"] == claim["deployment"]), None)
    need(deployed and deployed["type"] == "deployment.completed", "the deployment is missing")
    for key in ("model", "version", "stage", "artifact"):
        need(deployed["data"][key] == claim[key], f"claim.{key} is not that of the deployment")
    plan = by_id.get(deployed.get("causationid"))
    need(plan and plan["type"] == "deployment.planned"
         and plan["data"]["artifact"] == claim["artifact"], "the plan of the deployment is missing")
    made = find("model.versioned", plan["sequence"], **this)
    need(made and made["data"]["artifact"] == claim["artifact"], "the version's record is missing")
    inputs = made["data"]["inputs"]
    run = find("run.started", made["sequence"], pipeline=model, run=made["data"]["run"])
    need(run and run["data"]["inputs"] == inputs, "the run's record is missing, or has other inputs")
    need(find("run.completed", pipeline=model, run=made["data"]["run"], artifact=claim["artifact"]),
         "the run's end is missing, or made other bytes")
    for path, file in read_list(inputs, objects).items():
        need(find("file.arrived", run["sequence"], path=path, sha256=file["sha256"]),
             f"the arrival of {path} is missing")
        accepted = [e for e in events if e["type"] == "data.accepted"
                    and e["data"]["file"]["sha256"] == file["sha256"]]
        contract = need(accepted, f"the validation of {path} is missing")[-1]["data"]["contract"]
        need(find("contract.accepted", contract=contract) or find("contract.proposed", contract=contract),
             f"the contract of {path} is missing")
    for name, digest in inputs["code"].items():
        need(find("file.arrived", run["sequence"], sha256=digest), f"the code {name} is missing")
    rollback = plan["data"]["isRollback"]
    gates = find("gates.evaluated", plan["sequence"] + 1, stage=stage, **this)
    need(rollback or (gates and gates["data"]["passed"]), "the gates' verdict is missing")
    need(settings := find("settings.accepted", plan["sequence"]), "the settings in force are missing")
    pipeline = settings["data"]["settings"]["pipelines"].get(model, {})
    if stage in pipeline.get("approval", []) and not rollback:
        decision = find("approval.decided", plan["sequence"] + 1, stage=stage, approved=True, **this)
        command = by_id.get(decision and decision.get("causationid"))
        letter = by_id.get(command and command.get("causationid"))
        need(letter and letter["data"]["uid"] == decision["data"]["uid"], "the approval is missing")
    later = [e for e in events if e["type"] == "deployment.completed" and e["data"]["stage"] == stage
             and e["data"]["model"] == model and e["sequence"] > deployed["sequence"]]
    numbers = [e["sequence"] for e in events]
    whole = numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    need(claim["isWhole"] == whole, "claim.isWhole is not so")
    need(claim["isLive"] == (whole and not later), "claim.isLive is not so")


def check_facts(bundle, events):
    """Each fact says what its record says; in version 1 it has words, which only the last digest binds."""
    at = {event["sequence"]: (event, line) for event, line in zip(events, bundle["records"])}
    for fact in bundle["facts"]:
        place = f"facts.{fact['step']}"
        keys = {"step", "sequence", "time", "actor"} | ({"what"} if bundle["version"] == 1 else set())
        need(fact.keys() - {"sha256"} == keys, f"{place} has not the members that it was written with")
        need(fact["sequence"] in at, f"{place}.sequence: there is no record {fact['sequence']}")
        event, line = at[fact["sequence"]]
        need(event["type"].startswith(STEPS.get(fact["step"], "?")), f"{place}.step is not what it was")
        for key in ("time", "actor"):
            need(event[key] == fact[key], f"{place}.{key} is not that of record {fact['sequence']}")
        need(fact.get("sha256", "") in line, f"{place}.sha256 is not in record {fact['sequence']}")


def verify(data):
    try:
        bundle = json.loads(data)
        claim = bundle["claim"]
        need(bundle["format"] == "millrace-proof" and bundle["version"] in (1, 2), "it is no proof")
        objects = {}
        for entry in bundle["objects"]:
            content = base64.b64decode(entry["base64"], validate=True)
            need(hashlib.sha256(content).hexdigest() == entry["sha256"],
                 f"object {entry['sha256']} is not what its digest says")
            objects[entry["sha256"]] = content
        events = check_records(bundle["records"], claim)
        check_story(events, claim, objects)
        check_facts(bundle, events)
        form = json.dumps(bundle, indent=2, ensure_ascii=False).encode() + b"\n"
        same = next((i for i, pair in enumerate(zip(data, form)) if pair[0] != pair[1]), len(form))
        need(data == form, f"line {data[:same].count(10) + 1} of the file is not as it was written")
        tail = TAIL.search(data)
        need(tail, "the last lines are not as they were written")
        need(hashlib.sha256(data[:tail.start()]).hexdigest() == tail[1].decode(),
             "facts.*.what, the words of one of them, or the closing sha256 is not as it was written")
        return bundle
    except UnicodeDecodeError as error:
        raise Flaw(f"byte {error.start} is not as it was written: it is no UTF-8") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Flaw(f"it is not as it was written: {repr(error)[:200]}") from error


if __name__ == "__main__":
    try:
        with open(sys.argv[1], "rb") as file:
            proof = verify(file.read())
    except Flaw as flaw:
        print(f"the proof does not hold: {flaw}")
        sys.exit(1)
    shown = proof["claim"]
    print(f"{shown['model']} v{shown['version']} in {shown['stage']}: proved, {len(proof['records'])} "
          f"records, head {shown['head']}:{shown['headHash']}")
