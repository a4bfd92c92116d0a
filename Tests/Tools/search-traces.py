"""Searches everything under a folder for a phone number in any spelling and for a word.

Usage: search-traces.py FOLDER +E164 WORD

Prints a line for each finding ("number" or "word", a tab, the place), then "searched".
Compressed bodies of the SQLite store are unpacked row by row; besides, whatever in a file
begins like a zlib stream is unpacked as far as it goes, so that what deleted rows left in
free pages is found, too.
"""

import base64
import hashlib
import os
import re
import sqlite3
import stat
import sys
import zlib

folder, number, word = sys.argv[1:4]
digits = number[1:]
# The national number: without its country code, whatever its length, so at least 7 digits.
one_digit = digits[0] in "17"
two_digits = digits[:2] in (
    "20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 "
    "64 65 66 81 82 84 86 90 91 92 93 94 95 98"
).split()
national = digits[1 if one_digit else 2 if two_digits else 3:]

between = rb"(?:[ \-.()/+]|%2[0-9A-Fa-f]|\\u00[0-9a-f]{2}){0,3}"
patterns = {
    "number": [
        re.compile(between.join(digit.encode() for digit in national)),
        re.compile(hashlib.sha256(digits.encode()).hexdigest().encode()),
        re.compile(hashlib.sha256(number.encode()).hexdigest().encode()),
        re.compile(re.escape(base64.b64encode(number.encode())[:12])),
    ],
    "word": [re.compile(re.escape(word.encode()), re.IGNORECASE)],
}
found = set()


def look(place, data):
    for what, forms in patterns.items():
        if any(form.search(data) for form in forms):
            found.add((what, place))


def streams(data):
    """Whatever begins like a zlib stream, unpacked as far as it goes."""
    for start in re.finditer(rb"\x78[\x01\x5e\x9c\xda]", data):
        unpacker = zlib.decompressobj()
        try:
            yield unpacker.decompress(data[start.start():start.start() + (1 << 16)], 1 << 20)
        except zlib.error:
            continue


for path, _, names in os.walk(folder):
    for name in names:
        place = os.path.join(path, name)
        # What the simulator was made from is the outside world's, not ours.
        if name == "simulator-recipients.csv":
            continue
        look("name of " + place, name.encode())
        if not stat.S_ISREG(os.lstat(place).st_mode):
            continue
        with open(place, "rb") as file:
            data = file.read()
        look(place, data)
        for part in streams(data):
            look("stream in " + place, part)

store = sqlite3.connect(os.path.join(folder, "ringback.sqlite"), timeout=30)
for table in ("raw_bodies", "inbox"):
    for identifier, body in store.execute(f"select id, body from {table}"):
        look(f"body of {table} {identifier}", zlib.decompress(body))
tables = store.execute(
    "select name, sql like 'create virtual%' from sqlite_schema "
    "where type = 'table' and name not like 'sqlite_%'"
).fetchall()
for table, is_index in tables:
    if is_index:
        # It writes words by what they share with the one before, so its bytes alone tell little.
        store.execute(f"create virtual table temp.words using fts5vocab(main, {table}, row)")
        for (term,) in store.execute("select term from temp.words"):
            look(f"word of {table}", term.encode())
        store.execute("drop table temp.words")
        continue
    for row in store.execute(f"select * from {table}"):
        for value in row:
            if isinstance(value, str):
                look(f"row of {table}", value.encode())
            elif isinstance(value, bytes):
                look(f"row of {table}", value)

for what, place in sorted(found):
    print(f"{what}\t{place}")
print("searched")
