"""Holds packaging/compose to Obol's compose stacks: what `docker compose config` would make of them, and whether the
program takes every variable that those stacks give it.

Facts: operations.md §15.2 and §15.3, of charon-distributed-validator-node and -cluster. Without --styx only sources are
looked at; with it the program is started on the variables, filled and empty.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
COMPOSE = ROOT / "packaging/compose"
# Variables by stack and command, with the values that a fresh checkout gives them.
STACKS = {
    ("CDVN", "run"): {
        "BEACON_NODE_ENDPOINTS": "http://lighthouse:5052",
        "BEACON_NODE_TIMEOUT": "3s",
        "BEACON_NODE_SUBMIT_TIMEOUT": "4s",
        "BEACON_NODE_HEADERS": "",
        "FALLBACK_BEACON_NODE_ENDPOINTS": "",
        "LOG_LEVEL": "info",
        "LOG_FORMAT": "console",
        "FEATURE_SET_ENABLE": "",
        "NICKNAME": "",
        "EXECUTION_CLIENT_RPC_ENDPOINT": "http://nethermind:8545",
        "P2P_RELAYS": "https://0.relay.obol.tech,https://1.relay.obol.tech",
        "P2P_EXTERNAL_HOSTNAME": "",
        "P2P_TCP_ADDRESS": "0.0.0.0:3610",
        "VALIDATOR_API_ADDRESS": "0.0.0.0:3600",
        "MONITORING_ADDRESS": "0.0.0.0:3620",
        "BUILDER_API": "true",
        "LOKI_ADDRESSES": "http://loki:3100/loki/api/v1/push",
        "LOKI_SERVICE": "charon",
    },
    ("CDVN with its debug overlay", "run"): {"OTLP_ADDRESS": "tempo:4317"},
    ("CDVC", "run"): {
        "PRIVATE_KEY_FILE": "/opt/charon/.charon/cluster/node0/charon-enr-private-key",
        "LOCK_FILE": "/opt/charon/.charon/cluster/node0/cluster-lock.json",
        "P2P_RELAYS": "http://relay:3640/enr",
        "P2P_EXTERNAL_HOSTNAME": "node0",
        "JAEGER_ADDRESS": "jaeger:6831",
        "JAEGER_SERVICE": "node0",
        "BEACON_NODE_HEADERS": "IgnoredHTTP=header",
    },
    ("CDVN", "relay"): {
        "P2P_TCP_ADDRESS": "0.0.0.0:3610",
        "HTTP_ADDRESS": "0.0.0.0:3640",
        "P2P_EXTERNAL_HOSTNAME": "relay.example.org",
        "LOG_LEVEL": "debug",
    },
    ("CDVC", "relay"): {
        "DATA_DIR": "/opt/charon/relay",
        "HTTP_ADDRESS": "0.0.0.0:3640",
        "P2P_RELAYS": "",
    },
}
# A node of those stacks as far as our override meets it: names, places and health check. Facts of §15.1 and §15.2.
BASE = {
    "services": {
        "charon": {
            "image": "obolnetwork/charon:v1.10.3",
            "environment": {f"CHARON_{name}": value for name, value in STACKS["CDVN", "run"].items()},
            "volumes": [".charon:/opt/charon/.charon"],
            "ports": ["3610:3610/tcp"],
            "restart": "unless-stopped",
            "healthcheck": {"test": ["CMD", "wget", "-qO-", "http://localhost:3620/readyz"]},
        }
    }
}
VARIABLE = re.compile(r"\$(?:\{(?P<braced>[A-Za-z_]\w*)(?:(?P<rule>:?[-?])(?P<word>[^}]*))?\}|(?P<bare>[A-Za-z_]\w*))")


class Missing(Exception):
    pass


def filled(value, environment):
    """Variables replaced as compose does: ${A}, ${A:-default}, ${A:?error}."""
    if isinstance(value, dict):
        return {key: filled(each, environment) for key, each in value.items()}
    if isinstance(value, list):
        return [filled(each, environment) for each in value]
    if not isinstance(value, str):
        return value

    def one(match):
        name, rule, word = match["braced"] or match["bare"], match["rule"] or "", match["word"] or ""
        found = environment.get(name)
        if found is None or (rule.startswith(":") and not found):
            if rule.endswith("?"):
                raise Missing(f"{name}: {word}")
            return word if rule.endswith("-") else ""
        return found

    return VARIABLE.sub(one, value)


def merged(base, over):
    """An override laid over a file: mappings are merged, lists of volumes and ports joined, the rest is replaced."""
    if isinstance(base, dict) and isinstance(over, dict):
        return base | {key: merged(base[key], each) if key in base else each for key, each in over.items()}
    if isinstance(base, list) and isinstance(over, list):
        return base + [each for each in over if each not in base]
    return over


def flag(variable):
    return variable.lower().replace("_", "-")


def variables_of(service):
    given = service.get("environment", {})
    pairs = given.items() if isinstance(given, dict) else (each.split("=", 1) for each in given)
    return {name: str(value) for name, value in pairs}


def flags_of(command):
    """Names of a command's flags, as its table for environment variables has them, hidden ones too."""
    sources = {file.name: file.read_text() for file in sorted((ROOT / "Sources/styx").glob("*.swift"))}
    text = sources[{"run": "Run.swift", "relay": "RelayCommand.swift"}[command]]
    start = text.index("EnvironmentArguments.Flags(")
    depth, end = 0, start
    for end in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[end], 0)
        if text[end] == ")" and depth == 0:
            break
    table = text[start:end]
    # Groups of options have their own lists.
    for group in set(re.findall(r"\b([A-Z]\w+)\.", table)) - {"EnvironmentArguments"}:
        for source in sources.values():
            for block in re.split(r"(?=^(?:struct|extension|enum) )", source, flags=re.MULTILINE):
                if re.match(rf"(?:struct|extension|enum) {group}\b", block):
                    table += block
    return set(re.findall(r'"([a-z][a-z0-9-]*)"', table))


def source_faults():
    """Variables that no flag of the command stands for."""
    known = {command: flags_of(command) for command in ("run", "relay")}
    for (stack, command), variables in STACKS.items():
        for name in variables:
            if flag(name) not in known[command]:
                yield f"{stack}: styx {command} has no flag for CHARON_{name}"


def file_faults():
    for file in sorted(COMPOSE.glob("*.yml")):
        content = yaml.safe_load(file.read_text())
        content.pop("x-node", None)
        whole = merged(BASE, content) if file.name == "charon-stack.yml" else content
        needed = {"BEACON_NODE": "http://beacon:5052", "CLUSTER": "/srv/cluster"}
        try:
            config = filled(whole, needed)
        except Missing as error:
            yield f"{file.name}: {error}"
            continue
        for name, service in config["services"].items():
            if not service.get("image"):
                yield f"{file.name}: {name} has no image"
            for variable, value in variables_of(service).items():
                if "$" in value:
                    yield f"{file.name}: {name}: {variable} is {value}"
            mounts = [str(volume).split(":")[1] for volume in service.get("volumes", [])]
            if "/opt/charon/.charon" not in mounts:
                yield f"{file.name}: {name} has no place for .charon"
            if service.get("read_only") and "/tmp" not in service.get("tmpfs", []):
                yield f"{file.name}: {name} is read-only and has no /tmp"
        if file.name == "charon-stack.yml":
            node = config["services"]["charon"]
            kept = {key: node[key] for key in ("ports", "healthcheck", "restart")}
            if kept != {key: BASE["services"]["charon"][key] for key in kept} or "styx" not in node["image"]:
                yield f"{file.name}: it changes more of the stack than the image: {kept}, {node['image']}"
        else:
            # What has to be given is asked for by name.
            for name in needed:
                try:
                    filled(whole, {key: value for key, value in needed.items() if key != name})
                    yield f"{file.name}: it starts without {name}"
                except Missing:
                    pass


def told(styx, command, variables, folder):
    """Output of a start in an empty folder, which ends at once for want of a lock or a port."""
    environment = {"PATH": os.defpath, "HOME": folder} | {f"CHARON_{name}": value for name, value in variables.items()}
    # A relay needs nothing more and would stay: it gets an address that it cannot have.
    if command == "relay":
        environment |= {"CHARON_P2P_TCP_ADDRESS": "192.0.2.1:3610", "CHARON_DATA_DIR": folder}
    run = subprocess.run(
        [styx, command], capture_output=True, text=True, env=environment, cwd=folder, check=False, timeout=60
    )
    return run.returncode, run.stdout + run.stderr


def program_faults(styx):
    for (stack, command), variables in STACKS.items():
        for values in (variables, {name: "" for name in variables}):
            with tempfile.TemporaryDirectory() as folder:
                status, text = told(styx, command, values, folder)
            what = f"{stack}: styx {command}" + ("" if any(values.values()) else ", all variables empty")
            for line in text.splitlines():
                if "belongs to no flag" in line and (found := re.search(r"CHARON_\w+", line)):
                    yield f"{what}: it knows nothing of {found[0]}"
            # 64: the parser did not take what it was given. Without beacon nodes a node says so, by the flag's name.
            if status == 64 or "Unknown option" in text:
                yield f"{what}: it does not start: {text.strip()[-300:]}"


def self_test():
    """The rules of compose that are used above."""
    rows = [
        ("${A:-x}", {}, "x"),
        ("${A:-x}", {"A": ""}, "x"),
        ("${A-x}", {"A": ""}, ""),
        ("$A/b", {"A": "c"}, "c/b"),
        ("${A:-x}", {"A": "y"}, "y"),
        ("${A}", {}, ""),
    ]
    for text, environment, wanted in rows:
        if filled(text, environment) != wanted:
            sys.exit(f"compose-check: self-test: {text} gives {filled(text, environment)}, not {wanted}")
    for text, environment in (("${A:?why}", {"A": ""}), ("${A?why}", {})):
        try:
            filled(text, environment)
            sys.exit(f"compose-check: self-test: {text} is not missed")
        except Missing:
            pass
    if merged({"a": {"b": 1, "c": [1]}, "d": 2}, {"a": {"c": [2]}, "d": 3}) != {"a": {"b": 1, "c": [1, 2]}, "d": 3}:
        sys.exit("compose-check: self-test: merge")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--styx", help="a built program, to be started on the variables")
    parser.add_argument("--strict", action="store_true", help="a variable that no flag stands for is an error")
    options = parser.parse_args()
    self_test()
    faults = list(file_faults())
    missing = [*source_faults(), *(program_faults(os.path.abspath(options.styx)) if options.styx else [])]
    for line in missing:
        print(f"compose-check: missing: {line}", file=sys.stderr)
    for line in faults:
        print(f"compose-check: {line}", file=sys.stderr)
    if faults or (missing and options.strict):
        sys.exit(1)
    count = sum(len(variables) for variables in STACKS.values())
    print(f"compose-check: files in order; {count} variables of Obol's stacks, {len(missing)} complaints about them")


main()
