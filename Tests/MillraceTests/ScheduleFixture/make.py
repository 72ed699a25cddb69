#!/usr/bin/env python3
"""Writes schedule.json beside it: what Python's zoneinfo says about clocks, and when cron expressions are
due by walking through a year minute by minute. Run it again with a newer time zone database at will; the
zones are in the fixture, so that the tests do not depend on the machine's.

    ./make.py            # Python 3.9 or later with /usr/share/zoneinfo

A local time that is left out when a clock is set forward stands for the moment of the change; one that
comes twice counts the first time; an expression for every hour goes by the hours that pass.
"""
import base64, datetime, json, os
from zoneinfo import ZoneInfo, TZPATH

HERE = os.path.dirname(os.path.abspath(__file__))
PRIME = (1 << 61) - 1
CASES = [
    ("Europe/Berlin", [2024, 2026, 2060]), ("Europe/London", [2026]), ("America/New_York", [2026, 2090]),
    ("Australia/Lord_Howe", [2026, 2070]), ("Australia/Sydney", [2060]), ("Pacific/Apia", [2011]),
    ("America/Sao_Paulo", [2018]), ("Africa/Casablanca", [2026]), ("Asia/Kathmandu", [2026]),
    ("America/St_Johns", [2006, 2026]), ("Antarctica/Troll", [2026, 2061]), ("Europe/Dublin", [2026, 2070]),
    ("Pacific/Chatham", [2026]), ("America/Nuuk", [2024, 2055]), ("Africa/Cairo", [2026, 2059]),
    ("America/Havana", [2026]), ("Asia/Beirut", [2026]), ("Atlantic/Azores", [2026]),
    ("America/Scoresbysund", [2024]), ("Asia/Gaza", [2026]), ("Pacific/Kwajalein", [1993]),
    ("America/Caracas", [2016]), ("Pacific/Kiritimati", [2026]),
]
CRONS = [
    "30 2 * * *", "0 0 * * *", "*/15 * * * *", "30 * * * *", "15 1-3 * * *", "0 0,1,2,3,23 * * *",
    "*/10 2 * * 0", "59 23 * * *", "5 0 13 * fri", "0 12 29 2 *", "0 9 * * mon-fri", "7 3 1-7 * 1",
    "0 0 1 */3 *", "20 4 31 * *", "*/20 0-22/2 * 3,10 *",
]
DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]


def field(text, low, high, names=()):
    found = set()
    for part in text.split(","):
        head, _, step = part.partition("/")
        if head == "*":
            first, last = low, high
        else:
            ends = [names.index(e) if e in names else int(e) for e in head.split("-")]
            first, last = ends[0], ends[-1]
            if step and len(ends) == 1:
                last = high
        found.update(range(first, last + 1, int(step or 1)))
    return found


class Cron:
    def __init__(self, text):
        parts = text.split()
        minutes, hours = field(parts[0], 0, 59), field(parts[1], 0, 23)
        self.every_hour = len(hours) == 24
        self.minutes = {h * 60 + m for h in hours for m in minutes}
        self.days, self.months = field(parts[2], 1, 31), field(parts[3], 1, 12)
        self.weekdays = {d % 7 for d in field(parts[4], 0, 7, DAYS)}
        self.any = parts[2].startswith("*"), parts[4].startswith("*")
        self.known = {}

    def matches(self, local):
        """local: minutes since 1970-01-01T00:00 on the clock of the place."""
        day, minute = divmod(local, 1440)
        if minute not in self.minutes:
            return False
        if day not in self.known:
            date = datetime.date(1970, 1, 1) + datetime.timedelta(days=day)
            a, b = date.day in self.days, (date.isoweekday() % 7) in self.weekdays
            self.known[day] = date.month in self.months and (a and b if any(self.any) else a or b)
        return self.known[day]


def clock(zone, first, last):
    """The local minute of each minute."""
    step, locals_ = 1, []
    for minute in range(first, last):
        moment = datetime.datetime.fromtimestamp(minute * 60, zone)
        locals_.append(minute + int(moment.utcoffset().total_seconds()) // 60)
    return locals_


def due(cron, first, locals_):
    found, seen = [], set()
    for index in range(1, len(locals_)):
        local = locals_[index]
        matched = cron.matches(local) and (cron.every_hour or local not in seen)
        if not cron.every_hour and local - locals_[index - 1] > 1:
            matched = matched or any(cron.matches(l) for l in range(locals_[index - 1] + 1, local))
        if cron.matches(local):
            seen.add(local)
        if matched:
            found.append(first + index)
    return found


def checksum(numbers):
    total = 0
    for index, number in enumerate(numbers):
        total = (total + number * (index + 1)) % PRIME
    return total


def main():
    zones, cases = {}, []
    for name, years in CASES:
        zone = ZoneInfo(name)
        for folder in TZPATH:
            path = os.path.join(folder, name)
            if os.path.exists(path):
                with open(path, "rb") as file:
                    data = base64.b64encode(file.read()).decode()
                break
        offsets = [int(datetime.datetime.fromtimestamp(t, zone).utcoffset().total_seconds()) + 100000
                   for t in range(0, 4102444800, 1043999)]
        zones[name] = {"tzif": data, "offsets": checksum(offsets)}
        for year in years:
            first = int(datetime.datetime(year, 1, 1, tzinfo=datetime.timezone.utc).timestamp()) // 60
            locals_ = clock(zone, first, first + 365 * 1440)
            changes, last = [], 0
            for index in range(1, len(locals_)):
                if locals_[index] - locals_[index - 1] != 1 and first + index > last:
                    last = first + index + 3 * 1440
                    changes.append([max(first + 1, first + index - 3 * 1440), min(last, first + 365 * 1440)])
            for text in CRONS:
                found = due(Cron(text), first, locals_)
                # Dense ones only around the changes of the clock: the days between are alike.
                spans = [[first + 1, first + 365 * 1440]]
                if len(found) > 60:
                    spans = changes[:8] or [[first + 1440, first + 5 * 1440]]
                    found = [m for a, b in spans for m in found if a <= m < b]
                cases.append({"zone": name, "cron": text, "spans": spans, "count": len(found),
                              "checksum": checksum(found)})
        print(name, flush=True)
    with open(os.path.join(HERE, "schedule.json"), "w") as file:
        json.dump({"zones": zones, "cases": cases}, file, indent=0)
        file.write("\n")


main()
