"""What a node says, read as its log grows, and what its journal holds once it is stopped."""
import hashlib
import json
import pathlib
import shutil
import sqlite3
import tempfile

from lab import parse_time

ATTESTER = 2


class NodeLog:
    """Lines of level info and higher of a log in JSON, each with `at` in Unix seconds."""

    def __init__(self, path):
        self.path, self.offset, self.rows, self.strange = pathlib.Path(path), 0, [], []

    def read(self):
        with open(self.path, "rb") as file:
            file.seek(self.offset)
            text = file.read()
        whole = text[:text.rfind(b"\n") + 1]
        self.offset += len(whole)
        for line in whole.splitlines():
            if line.startswith(b'{"level":"debug"'):
                continue
            try:
                row = json.loads(line)
                row["at"] = parse_time(row["ts"])
            except (ValueError, KeyError):
                self.strange.append(line.decode(errors="replace")[:300])
                continue
            if row["level"] != "debug":
                self.rows.append(row)
        return self.rows

    def said(self, message, after=0.0, **fields):
        """Lines with that message, of a later moment, with these fields."""
        return [row for row in self.read() if row["msg"] == message and row["at"] > after
                and all(row.get(name) == str(value) for name, value in fields.items())]

    def complaints(self):
        """Of level warning and higher, in the order of their first: (count, level, message, an example)."""
        found = {}
        for row in self.read():
            if row["level"] != "info":
                found.setdefault(row["msg"], []).append(row)
        return [(len(rows), rows[0]["level"], message,
                 {k: v for k, v in rows[0].items() if k not in ("at", "msg", "level", "caller", "topic")})
                for message, rows in found.items()]

    def done(self):
        """(slot, type, moment) of each duty that was finished."""
        found = []
        for row in self.said("duty done"):
            slot, kind = row["duty"].split("/")
            found.append((int(slot), kind, row["at"]))
        return found


def rows(journal, query):
    """Of a stopped node's journal, from a copy."""
    with tempfile.TemporaryDirectory(prefix="styx-journal-") as folder:
        for suffix in ("", "-wal"):
            if pathlib.Path(f"{journal}{suffix}").exists():
                shutil.copy(f"{journal}{suffix}", f"{folder}/journal{suffix}")
        connection = sqlite3.connect(f"{folder}/journal")
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()


def planned(journal):
    """Stage and epoch of the switch that a journal holds; None if it holds none."""
    found = rows(journal, "SELECT value FROM meta WHERE key = 'planned_switch'")
    if not found:
        return None
    stage, epoch = found[0][0].split()[:2]
    return stage, int(epoch)


def attester_domain(fork_version, genesis_validators_root):
    """Source: consensus-specs phase0/beacon-chain.md, compute_domain. Both are bytes."""
    fork_data = hashlib.sha256(fork_version.ljust(32, b"\0") + genesis_validators_root).digest()
    return b"\x01\0\0\0" + fork_data[:28]


def shares_of_votes(journal, domain, sides, first_slot):
    """Whose key shares made the partial signatures of votes in a journal, from a slot on.

    `sides`: {name: lock}. Returns {name: count}, with "none" for those of neither, and how many of them are the node's
    own.
    """
    from eth_consensus_specs.utils import bls
    public = {name: {v["distributed_public_key"].lower(): v["public_shares"] for v in lock["distributed_validators"]}
              for name, lock in sides.items()}
    counts, own = {name: 0 for name in [*sides, "none"]}, 0
    for key, root, signature, share, is_own in rows(
            journal, "SELECT pub_key, message_root, signature, share_index, own FROM par_sig_db"
            f" WHERE duty_type = {ATTESTER} AND slot >= {int(first_slot)}"):
        signed = hashlib.sha256(root + domain).digest()
        makers = [name for name, keys in public.items()
                  if bls.Verify(bytes.fromhex(keys["0x" + key.hex()][share - 1][2:]), signed, signature)]
        for name in makers or ["none"]:
            counts[name] += 1
        own += is_own
    return counts, own
