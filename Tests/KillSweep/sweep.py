#!/usr/bin/env python3
"""Kills Millrace at every step of the way from a drop to production, and looks what came of it.

    sweep.py PROGRAM [--role daemon|worker] [--every N] [--again SHARE] [--jobs N] [--seed N] [--in DIR]

A first run counts the steps: every call that changes the workspace, starts a process or awaits one
(killshim.c says which; it is loaded from outside, the program has nothing for it). Then the same
run is killed before each of them, once each. A step is named by what it does (call and file,
without the numbers of one run) and by its turn among those alike, because the threads of the
program take turns differently each time. `--again` kills a share of the recoveries as well, at a
random step. After each kill the program is run again in peace, and then one more file is dropped.
What must hold every time:

- one outcome of everything: each drop decided once, one training, one model version, one switch of
  each stage, one answer to the command, nothing handled twice, nothing set aside;
- the links lead to the version that the journal says, whose files are those of its manifest;
- nothing temporary is left, no job, no file without its event;
- `millrace verify --vault` finds the journal and the vault whole;
- the next drop goes live, as version 2.

A step that does not come again (a thread was quicker) is tried for up to five times, then counted and
said; a place none of whose steps was hit makes the answer no. What is killed is a process, not the
machine, so the workspaces lie in memory (/dev/shm) where that can be had: nothing waits for a disk.
Exit code 0 when everything held. Python 3 alone, and cc.
"""
import argparse, collections, concurrent.futures, hashlib, json, os, random, re, shutil, subprocess
import sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
SETTINGS = """{ pipelines: { line: { dataset: "points", target: { column: "y" }, features: ["x"],
  trainer: { algorithm: "linear-regression" }, gates: [{ metric: "rmse", atMost: 1000000 }],
  stages: ["staging", "production"], champion: { gain: -1000000 },
  retrain: { newRows: 1, onDrift: false } } } }"""
CONTRACT = """{"apiVersion": "v3.1.0", "kind": "DataContract", "id": "points", "version": "1.0.0",
 "schema": [{"name": "points", "properties": [
  {"name": "x", "logicalType": "integer", "required": true},
  {"name": "y", "logicalType": "integer", "required": true}]}]}"""


def rows(first):
    return "x,y\n" + "".join(f"{x},{3 * x + x % 7}\n" for x in range(first, first + 200))


class Broken(Exception):
    pass


def need(condition, words):
    if not condition:
        raise Broken(words)


def put(workspace, name, text):
    path = os.path.join(workspace, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)


def template(program, folder):
    """A workspace with everything that is dropped, before any daemon."""
    put(folder, "millrace.json", SETTINGS)
    put(folder, "contracts/points.json", CONTRACT)
    put(folder, "data/points/good.csv", rows(0))
    put(folder, "data/points/bad.csv", "x,y\n1,none at all\n")
    put(folder, "inbox/1-retrain.json", '{"command": "retrain", "about": "pipeline/none"}')
    put(folder, "inbox/2-nonsense.json", "no command")


def run(program, workspace, extra=None):
    environment = {"PATH": os.environ.get("PATH", ""), "HOME": "/nonexistent"}
    environment.update(extra or {})
    return subprocess.run(
        [program, "run", "--once", "--workspace", workspace], env=environment,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)


def journal(workspace):
    """Every record that counts, read without the program."""
    folder = os.path.join(workspace, ".millrace/journal")
    events = []
    for name in sorted(os.listdir(folder)):
        if name.endswith(".jsonl"):
            with open(os.path.join(folder, name), "rb") as file:
                events += [json.loads(line) for line in file.read().split(b"\n") if line.strip(b"\0 ")]
    return events


def check(program, workspace, drops, versions):
    events = journal(workspace)
    count = collections.Counter(event["type"] for event in events)
    models = versions
    expected = {
        "data.accepted": drops, "data.rejected": 1, "training.requested": models,
        "run.started": models, "run.completed": models, "model.versioned": models,
        "deployment.completed": 2 * models, "stage.checked": 2 * models, "command.received": 1,
        "command.refused": 1, "run.failed": 0, "reaction.deadlettered": 0, "chain.cut": 0,
        "dataset.versioned": drops,
    }
    for name, number in expected.items():
        need(count[name] == number, f"{count[name]} of {name}, not {number}")
    arrived = [(e["data"]["path"], e["data"]["sha256"]) for e in events if e["type"] == "file.arrived"]
    need(len(set(arrived)) == len(arrived), f"a file is journaled twice: {arrived}")
    need(len(arrived) == 5 + drops, f"{len(arrived)} files are journaled")
    handled = [(e["data"]["plugin"], s) for e in events if e["type"] == "reaction.handled"
               for s in e["data"]["handled"]]
    need(len(set(handled)) == len(handled), "an event was handled twice")
    ids = [e["id"] for e in events]
    need(len(set(ids)) == len(ids), "two events have one id")
    for stage in ("staging", "production"):
        link = os.path.join(workspace, "deployments", stage, "line")
        need(os.readlink(link) == f"../../models/line/{versions}", f"{stage}: {os.readlink(link)}")
    need(sorted(os.listdir(os.path.join(workspace, "models/line"))) == [str(v + 1) for v in range(versions)],
         "there are other releases than those of the journal")
    for version in range(1, versions + 1):
        release = os.path.join(workspace, "models/line", str(version))
        with open(os.path.join(release, "manifest.json")) as file:
            manifest = json.load(file)
        for name, entry in manifest["files"].items():
            wanted = entry["sha256"] if isinstance(entry, dict) else entry
            with open(os.path.join(release, name), "rb") as file:
                need(hashlib.sha256(file.read()).hexdigest() == wanted, f"{release}/{name} is not what its manifest says")
    for folder, _, names in os.walk(workspace):
        place = os.path.relpath(folder, workspace)
        if place.startswith(".millrace/vault/objects"):
            continue
        if place == ".millrace/vault/incoming":
            need(names == [], f"half a copy is left in the vault: {names}")
        left = [n for n in names if n.endswith(".tmp") or (n.startswith(".") and n != ".gitignore")]
        need(not left, f"left behind: {place}/{left}")
    need(os.listdir(os.path.join(workspace, ".millrace/jobs")) == [], "a job is left behind")
    quarantine = [n for n in os.listdir(os.path.join(workspace, "quarantine"))]
    need(quarantine != [], "the bad drop is not in quarantine")
    verified = subprocess.run([program, "verify", "--vault", "--workspace", workspace],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    need(verified.returncode == 0, f"verify: {verified.stdout.decode(errors='replace')[-500:]}")


def place(line):
    """The call and its file without the numbers and names of one run: a pattern for fnmatch."""
    _, _, call, path = line.split(" ", 3)
    path = re.sub(r"^.*?/ws(?=/|$)", "", path.strip())
    path = re.sub(r"objects/[0-9a-f]{2}", "objects/*", re.sub(r"[0-9a-f]{16,}", "*", path))
    return call, re.sub(r"(\*|[0-9])+", "*", path)


class Sweep:
    def __init__(self, arguments, base):
        self.program, self.role = os.path.abspath(arguments.program), arguments.role
        self.again, self.seed, self.base = arguments.again, arguments.seed, base
        self.shim = os.path.join(base, "killshim.so")
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", self.shim,
                        os.path.join(HERE, "killshim.c"), "-ldl"], check=True)
        self.template = os.path.join(base, "template")
        template(self.program, self.template)

    def environment(self, workspace, log, at=0, where=None):
        found = {"LD_PRELOAD": self.shim, "KILL_ROOT": workspace, "KILL_ROLE": self.role,
                 "KILL_AT": str(at), "KILL_LOG": log}
        if where:
            found["KILL_CALL"] = where[0]
            found["KILL_FILE"] = workspace + where[1] if where[1].startswith("/") else where[1]
        return found

    def settle(self, workspace):
        """In peace, until everything is done. A worker that outlived its daemon is adopted."""
        done = run(self.program, workspace)
        need(done.returncode in (0, 1), f"the recovery ended with {done.returncode}: {done.stdout.decode(errors='replace')[-800:]}")

    def steps(self):
        """How many steps an undisturbed run has, and where they are."""
        folder = os.path.join(self.base, "count")
        workspace, log = os.path.join(folder, "ws"), os.path.join(folder, "log")
        shutil.copytree(self.template, workspace)
        run(self.program, workspace, self.environment(workspace, log))
        check(self.program, workspace, 1, 1)
        with open(log) as file:
            lines = file.read().splitlines()
        shutil.rmtree(folder)
        need(lines, "no step was counted: is the program linked statically?")
        return lines

    def kill(self, point):
        """One kill, the recovery, the next drop. Returns how often it died and what broke."""
        for attempt in range(5):
            result = self.kill_once(point, attempt)
            if result[1][0] or result[2]:
                break
        return result

    def kill_once(self, point, attempt):
        number, where, turn = point
        folder = os.path.join(self.base, f"{self.role}-{number}")
        workspace, log = os.path.join(folder, "ws"), os.path.join(folder, "log")
        shutil.copytree(self.template, workspace)
        chance = random.Random(self.seed * 1_000_003 + number * 7 + attempt)
        broken = None
        try:
            run(self.program, workspace, self.environment(workspace, log, turn, where))
            if chance.random() < self.again:
                run(self.program, workspace, self.environment(workspace, log + "2", chance.randint(1, 150)))
            self.settle(workspace)
            check(self.program, workspace, 1, 1)
            put(workspace, "data/points/.next", rows(1000))
            os.rename(os.path.join(workspace, "data/points/.next"), os.path.join(workspace, "data/points/next.csv"))
            self.settle(workspace)
            check(self.program, workspace, 2, 2)
        except (Broken, OSError, ValueError, KeyError, subprocess.TimeoutExpired) as error:
            broken = f"{type(error).__name__}: {error}"
        died = os.path.exists(log), os.path.exists(log + "2")
        if broken is None:
            shutil.rmtree(folder)
        return point, died, broken


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--role", choices=["daemon", "worker", "both"], default="both")
    parser.add_argument("--every", type=int, default=1, help="only every Nth step")
    parser.add_argument("--again", type=float, default=0.25, help="the share of recoveries that are killed too")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--in", dest="folder", help="where the workspaces are made, and removed")
    parser.add_argument("--keep", action="store_true", help="keep the folders of what broke")
    arguments = parser.parse_args()
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK | os.X_OK) else None
    base = tempfile.mkdtemp(prefix="millrace-sweep-", dir=arguments.folder or memory)
    begin, failures, deaths, total = time.time(), [], 0, 0
    print(f"seed {arguments.seed}", flush=True)
    try:
        for role in ["daemon", "worker"] if arguments.role == "both" else [arguments.role]:
            arguments.role = role
            sweep = Sweep(arguments, base)
            turns, points = collections.Counter(), []
            for line in sweep.steps():
                where = place(line)
                turns[where] += 1
                points.append((len(points) + 1, where, turns[where]))
            points = points[::arguments.every]
            missed, hit = [], set()
            with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
                for (number, where, turn), (died, again), broken in pool.map(sweep.kill, points):
                    total += 1
                    deaths += died + again
                    if died:
                        hit.add(where)
                    else:
                        missed.append(f"{where[0]} {where[1]} ({turn})")
                    if broken:
                        failures.append(broken)
                        print(f"BROKEN {role} step {number}, before {where[0]} {where[1]} ({turn}): {broken}", flush=True)
            print(f"{role}: {len(points)} steps at {len({p[1] for p in points})} places, killed at "
                  f"{len(points) - len(missed)} of them, one by one" + (f"; did not come again: {missed}" if missed else ""), flush=True)
            for where in sorted({p[1] for p in points} - hit):
                failures.append(where)
                print(f"NEVER HIT {role}: {where[0]} {where[1]}", flush=True)
    finally:
        if not (arguments.keep and failures):
            shutil.rmtree(base, ignore_errors=True)
    print(f"{total} kills ({deaths} deaths with those of recoveries), {len(failures)} broken, "
          f"{time.time() - begin:.0f} s")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
