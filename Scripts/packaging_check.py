"""What Scripts/packaging-check checks without promtool.

Metrics and labels of alerts and dashboard against the registry's golden files, alerts against their tests and runbook
entries, flags and variables of compose files, unit and documents against those that the program declares.
"""

import argparse
import json
import re
import sys
from pathlib import Path

try:
    import yaml
except ImportError:
    sys.exit("packaging-check: PyYAML is missing: apt-get install -y python3-yaml")

ROOT = Path(__file__).resolve().parent.parent
PACKAGING = ROOT / "packaging"
COLUMNS_MAX = 120

# Of every series (operations.md §9.1), and what Prometheus itself adds.
CONSTANT_LABELS = {"cluster_hash", "cluster_name", "cluster_peer", "cluster_network", "nickname", "charon_version"}
PROMETHEUS_LABELS = {"job", "instance"}
PROMETHEUS_METRICS = {"up": ("gauge", set())}
KEYWORDS = set(
    "and or unless bool by without on ignoring group_left group_right offset atan2 start end inf nan".split()
)
GROUPING = re.compile(r"\b(by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
STRING = r'"(?:[^"\\]|\\.)*"'
MATCHER = re.compile(rf"([A-Za-z_][A-Za-z0-9_]*)\s*(?:=~|!~|!=|=)\s*{STRING}")
SELECTOR = re.compile(r"(?<![A-Za-z0-9_:$])([A-Za-z_:][A-Za-z0-9_:]*)\s*(\{[^{}]*\})?(?!\s*\()(?![A-Za-z0-9_:])")
LABEL_VALUES = re.compile(r"^label_values\((.*),\s*([a-z_]+)\)$")
COMMAND = re.compile(r"(?:`|^\s*|Start=/usr/local/bin/)styx ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?")
# Flags of other programs that documents and scripts name.
FOREIGN_FLAGS = set(
    "no-install-recommends filter target seconds system home-dir shell rm read-only tmpfs distributed twice check"
    " Xobol-dvt-integration-enabled".split()
)


# Commands whose next word is a command, too.
GROUPS = ("cluster", "create", "deposit", "exit", "feerecipient", "slashing-protection")


def registry(fixtures):
    """Exported metrics by name: kind and own labels."""
    rows = {}
    for file in ("metrics.tsv", "metrics-missing.tsv"):
        if not (fixtures / file).is_file():
            sys.exit(f"packaging-check: {fixtures / file} is missing: it lists the metrics that the node exports")
        lines = [line.split("\t") for line in (fixtures / file).read_text().splitlines() if not line.startswith("#")]
        if file == "metrics.tsv":
            rows = {f[0]: (f[1], set(f[2].split(",")) - {""} if len(f) > 2 else set()) for f in lines}
        else:
            for fields in lines:
                rows.pop(fields[0])
    return rows | PROMETHEUS_METRICS


def series(name, metrics):
    """Labels of a series by this name; None if there is none."""
    if name in metrics and metrics[name][0] != "histogram":
        return metrics[name][1]
    base, _, suffix = name.rpartition("_")
    if suffix in ("bucket", "sum", "count") and metrics.get(base, ("",))[0] == "histogram":
        return metrics[base][1] | ({"le"} if suffix == "bucket" else set())
    return None


def expression_faults(text, metrics):
    """What is wrong with the metrics and labels of a PromQL expression; promtool checks its grammar."""
    faults, known, found = [], set(), 0
    groupings = [label.strip() for _, labels in GROUPING.findall(text) for label in labels.split(",") if label.strip()]
    bare = re.sub(r"\[[^\]]*\]", " ", GROUPING.sub(" ", text))
    # `name (` is a function unless it is a keyword: those are gone or listed.
    for name, matchers in SELECTOR.findall(re.sub(r"\boffset\s+\S+", " ", bare)):
        if name.lower() in KEYWORDS:
            continue
        labels = series(name, metrics)
        found += 1
        if labels is None:
            faults.append(f"metric {name} is not exported")
            continue
        labels = labels | CONSTANT_LABELS | PROMETHEUS_LABELS
        known |= labels
        faults += [f"{name} has no label {label}" for label in MATCHER.findall(matchers) if label not in labels]
    if not found:
        faults.append("no metric in it")
    return faults + [f"label {label} is of no metric in it" for label in groupings if label not in known]


def self_test():
    """The checks above on expressions that are known to be good and bad: a check that finds nothing is none."""
    metrics = {"a_total": ("counter", {"duty"}), "h": ("histogram", {"peer"}), "g": ("gauge", set())}
    good = [
        "sum by (duty) (rate(a_total{duty=\"x\"}[5m])) / 2 > 0.1e3",
        "histogram_quantile(0.9, sum without (peer) (rate(h_bucket{le=~\"4|4.0\",cluster_peer=~\"$p\"}[1h])))",
        "a_total > 0 unless a_total offset 1h",
        "time() - g and on (cluster_name) g",
    ]
    bad = [
        "a > 0", "rate(h[5m])", "g_count", "a_total{peer=\"x\"}", "sum by (peer) (a_total)", "time() > 1",
        "g or rate(b_total[5m])", "max without (le) (h_sum)", "b_total offset 1h",
    ]
    for text in good:
        if faults := expression_faults(text, metrics):
            sys.exit(f"packaging-check: self-test: {text}: {faults}")
    for text in bad:
        if not expression_faults(text, metrics):
            sys.exit(f"packaging-check: self-test: nothing found in {text}")


def alert_faults(metrics):
    rules = [
        rule
        for group in yaml.safe_load((PACKAGING / "prometheus/alerts.yml").read_text())["groups"]
        for rule in group["rules"]
    ]
    names = [rule["alert"] for rule in rules]
    tests = [
        case
        for test in yaml.safe_load((PACKAGING / "prometheus/alerts_test.yml").read_text())["tests"]
        for case in test["alert_rule_test"]
    ]
    headings = re.findall(r"^### (\S+)$", (ROOT / "docs/runbook.md").read_text(), re.MULTILINE)
    for rule in rules:
        name = rule["alert"]
        for fault in expression_faults(rule["expr"], metrics):
            yield f"alert {name}: {fault}"
        if rule["labels"].get("severity") not in ("critical", "warning", "info"):
            yield f"alert {name}: no severity"
        for fires in (True, False):
            if not any(case["alertname"] == name and bool(case["exp_alerts"]) == fires for case in tests):
                yield f"alert {name}: no test in which it {'fires' if fires else 'stays quiet'}"
        if headings.count(name) != 1:
            yield f"alert {name}: docs/runbook.md has {headings.count(name)} entries of that name"
    for name in {case["alertname"] for case in tests} - set(names):
        yield f"alerts_test.yml tests {name}, which does not exist"
    for name in {heading for heading in headings if heading.startswith("Styx")} - set(names):
        yield f"docs/runbook.md has an entry for {name}, which does not exist"


def dashboard_faults(metrics):
    dashboard = json.loads((PACKAGING / "grafana/styx.json").read_text())
    panels = [panel for panel in dashboard["panels"] if panel["type"] != "row"]
    ids = [panel["id"] for panel in dashboard["panels"]]
    if len(set(ids)) != len(ids):
        yield "dashboard: two panels with one id"
    for panel in panels:
        targets = panel.get("targets", [])
        if not targets:
            yield f"dashboard panel {panel['title']}: no query"
        for target in targets:
            for fault in expression_faults(target["expr"], metrics):
                yield f"dashboard panel {panel['title']}: {fault}"
    for variable in dashboard["templating"]["list"]:
        if variable["type"] != "query":
            continue
        parts = LABEL_VALUES.match(variable["query"]["query"])
        if not parts:
            yield f"dashboard variable {variable['name']}: not label_values(metric, label)"
            continue
        for fault in expression_faults(f"sum by ({parts[2]}) ({parts[1]})", metrics):
            yield f"dashboard variable {variable['name']}: {fault}"


def charon_faults(metrics):
    """What dashboards made for Charon read, and no node of ours exports: their panels would be empty."""
    lines = (PACKAGING / "grafana/charon-dashboards.txt").read_text().splitlines()
    for name in (line for line in lines if line and not line.startswith("#")):
        if series(name, metrics) is None and metrics.get(name, ("",))[0] != "histogram":
            yield f"{name}, which Charon's dashboards read, is not exported"


def dashboard_rules():
    """The dashboard's queries as recording rules, for promtool to check their grammar."""
    panels = json.loads((PACKAGING / "grafana/styx.json").read_text())["panels"]
    expressions = [target["expr"] for panel in panels for target in panel.get("targets", [])]
    return yaml.safe_dump(
        {
            "groups": [
                {
                    "name": "dashboard",
                    "rules": [
                        {
                            "record": f"panel:query:{number}",
                            "expr": text.replace("$__rate_interval", "5m").replace("$__range", "1h"),
                        }
                        for number, text in enumerate(expressions)
                    ],
                }
            ]
        }
    )


def declared(sources):
    """Flags of the program, without dashes."""
    flags = {"help", "version"}
    for file in (path for folder in sources for path in sorted(folder.glob("*.swift"))):
        text = file.read_text()
        # The name comes after the property wrapper, on the same or a later line.
        for name in re.findall(r"@(?:Option|Flag)\b[^@]*?\bvar\s+([A-Za-z0-9]+)", text):
            kebab = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()
            flags |= {kebab, f"no-{kebab}"} if "prefixedNo" in text else {kebab}
    return flags


def commands(sources):
    """First and second words of command lines."""
    words = set()
    for file in (path for folder in sources for path in sorted(folder.glob("*.swift"))):
        for block in re.split(r"(?=^struct )", file.read_text(), flags=re.MULTILINE):
            kind = re.match(r"struct (\w+): (?:Async)?ParsableCommand", block)
            if not kind:
                continue
            name = re.search(r'commandName: "([a-z-]+)"', block)
            words.add(name[1] if name else kind[1].lower())
            words |= set(re.findall(r'aliases: \["([a-z-]+)"\]', block))
    return words


def usage_faults(flags, words):
    variables = {flag.upper().replace("-", "_") for flag in flags}
    files = sorted(ROOT.glob("docs/*.md")) + sorted(PACKAGING.rglob("*"))
    files += [ROOT / name for name in ("CONTRIBUTING.md", "SECURITY.md", "Dockerfile")]
    for file in files:
        if file.is_dir() or file.suffix in (".json", ".tsv"):
            continue
        name = file.relative_to(ROOT)
        text = file.read_text()
        # What is said to be missing may be named; its line breaks stay for the numbers of the lines.
        said = re.sub(r"Not in Styx:.*?\.(?=\s)", lambda found: "\n" * found[0].count("\n"), text, flags=re.DOTALL)
        for number, line in enumerate(text.splitlines(), 1):
            if len(line) > COLUMNS_MAX:
                yield f"{name}:{number}: {len(line)} columns, {COLUMNS_MAX} at most"
        for number, line in enumerate([] if file.name == "Dockerfile" else said.splitlines(), 1):
            for flag in re.findall(r"(?<![-\w])--([A-Za-z][A-Za-z0-9-]*)", line):
                if flag not in flags and flag not in FOREIGN_FLAGS:
                    yield f"{name}:{number}: the program has no flag --{flag}"
            for command, second in COMMAND.findall(line):
                for word in [command] + ([second] if second and command in GROUPS else []):
                    if word not in words:
                        yield f"{name}:{number}: the program has no command {word}"
            for variable in re.findall(r"\b(?:STYX|CHARON)_([A-Z][A-Z0-9_]*)\b", line):
                if variable not in variables and variable not in ("VERSION", "VECTORS", "ONLY", "FLOOD", "IMAGE"):
                    yield f"{name}:{number}: the program reads no variable for {variable}"
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", text if file.suffix == ".md" else ""):
            if not (file.parent / target).exists():
                yield f"{name}: link to {target}, which does not exist"


def compose_faults():
    for file in sorted((PACKAGING / "compose").glob("*.yml")):
        services = yaml.safe_load(file.read_text()).get("services")
        if not services:
            yield f"{file.name}: no services"
            continue
        for name, service in services.items():
            for other in service.get("depends_on", []):
                if other not in services:
                    yield f"{file.name}: {name} depends on {other}, which does not exist"
            mounts = [str(volume).split(":")[1] for volume in service.get("volumes", [])]
            if len(set(mounts)) != len(mounts):
                yield f"{file.name}: {name} mounts one place twice"
        seats = [str(service["volumes"]) for service in services.values() if service.get("volumes")]
        if len(set(seats)) != len(seats):
            yield f"{file.name}: two nodes with one directory: they would sign with one key"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fixtures", type=Path, default=ROOT / "Tests/NodeTests/Fixtures")
    parser.add_argument("--sources", type=Path, nargs="+", default=[ROOT / "Sources/styx"])
    parser.add_argument("--dashboard-rules", action="store_true", help="print its queries as rules, and end")
    options = parser.parse_args()
    if options.dashboard_rules:
        print(dashboard_rules())
        return
    self_test()
    metrics = registry(options.fixtures)
    faults = [*alert_faults(metrics), *dashboard_faults(metrics), *charon_faults(metrics), *compose_faults()]
    faults += usage_faults(declared(options.sources), commands(options.sources))
    for fault in faults:
        print(f"packaging-check: {fault}", file=sys.stderr)
    if faults:
        sys.exit(1)
    print(f"packaging-check: all in order, against {len(metrics) - len(PROMETHEUS_METRICS)} exported metrics")


main()
