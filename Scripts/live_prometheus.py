"""A Prometheus of one's own on loopback, with the queries of the dashboard and the alerts of packaging/."""

import json
import pathlib
import socket
import time
import urllib.error
import urllib.parse
import urllib.request

import yaml

PACKAGING = pathlib.Path(__file__).resolve().parent.parent / "packaging"
SCRAPE_SECONDS = 1
# What Grafana puts in the place of its variables.
VARIABLES = {"$__rate_interval": "30s", "$__range": "5m", "$cluster_name": ".*", "$cluster_peer": ".*"}


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def panel_queries():
    """Title, number and query of everything that the dashboard shows."""
    for panel in json.loads((PACKAGING / "grafana/styx.json").read_text())["panels"]:
        for number, target in enumerate(panel.get("targets", [])):
            text = target["expr"]
            for name, value in VARIABLES.items():
                text = text.replace(name, value)
            yield f"{panel['title']} ({chr(ord('A') + number)})", text


def quick_alerts():
    """The alerts with their hold times in seconds instead of minutes."""
    content = yaml.safe_load((PACKAGING / "prometheus/alerts.yml").read_text())
    for group in content["groups"]:
        for rule in group["rules"]:
            if "for" in rule:
                rule["for"] = rule["for"].removesuffix("m") + "s"
    return content


class Prometheus:
    def __init__(self, lab, program, name, ports):
        """Scrapes the ports on loopback, and evaluates the alerts each second."""
        self.name, self.port = name, free_port()
        folder = pathlib.Path(lab.folder) / name
        folder.mkdir()
        (folder / "alerts.yml").write_text(yaml.safe_dump(quick_alerts()))
        (folder / "prometheus.yml").write_text(
            yaml.safe_dump(
                {
                    "global": {"scrape_interval": f"{SCRAPE_SECONDS}s", "evaluation_interval": "1s"},
                    "rule_files": ["alerts.yml"],
                    "scrape_configs": [
                        {"job_name": "styx", "static_configs": [{"targets": [f"127.0.0.1:{port}" for port in ports]}]}
                    ],
                }
            )
        )
        lab.start(
            name,
            [
                program,
                f"--config.file={folder}/prometheus.yml",
                f"--storage.tsdb.path={folder}/data",
                f"--web.listen-address=127.0.0.1:{self.port}",
                "--log.level=warn",
            ],
        )
        lab.wait_for(f"{name} answers", self.is_ready, 30)

    def is_ready(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def get(self, path, **parameters):
        """- Raises ValueError with Prometheus's own words if it refuses."""
        query = urllib.parse.urlencode(parameters)
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1/{path}?{query}", timeout=20) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise ValueError(json.load(error).get("error", str(error))) from error

    def query(self, text):
        """Labels and value of each series; those that are not a number are none."""
        rows = self.get("query", query=text)["result"]
        return [(row["metric"], float(row["value"][1])) for row in rows if row["value"][1] != "NaN"]

    def up(self):
        """How many targets answer."""
        return sum(value for _, value in self.query("up"))

    def rules(self):
        return [rule for group in self.get("rules")["groups"] for rule in group["rules"]]

    def firing(self):
        """Alerts that fire, each with the names of the nodes that it fires for."""
        alerts = {}
        for alert in self.get("alerts")["alerts"]:
            if alert["state"] == "firing":
                labels = alert["labels"]
                alerts.setdefault(labels["alertname"], set()).add(
                    labels.get("instance", labels.get("cluster_peer", ""))
                )
        return alerts

    def faulty_rules(self):
        return [
            f"{rule['name']}: {rule.get('lastError', rule['health'])}"
            for rule in self.rules()
            if rule["health"] != "ok"
        ]

    def sleep_scrapes(self, count):
        time.sleep(count * SCRAPE_SECONDS)
