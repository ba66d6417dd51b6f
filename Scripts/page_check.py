"""The live page in headless Chromium, over its debugging pipe; see Scripts/page-check."""
import argparse
import base64
import contextlib
import http.client
import http.server
import json
import os
import pathlib
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

WIDTHS = (360, 1440)
SCHEMES = ("light", "dark")
# What the demo is told, when the state is there, and what the page then says.
STATES = {
    "healthy": ([], lambda live: live["readiness"]["code"] == 1 and live["totals"]["succeeded"] > 40,
                ["✔ Ready", "✔ Nothing.", "✔ None since the start.", "✔ direct", "● signed"]),
    "peer-down": (["--stop-nodes", "3"],
                  lambda live: live["peers"][3]["path"] is None and gone_for(live, 3, 4),
                  ["Operator 3 (demo-3) is not connected", "✘ none", "○ signed nothing"]),
    "beacon-node-down": (["--stop-beacon-node"],
                         lambda live: live["readiness"]["code"] == 2
                         and live["beacon_nodes"][0]["state"] == "down" and live["missed"]
                         and "has not answered for" in json.dumps(live),
                         ["✘ Not ready: beacon node is down", "✘ down for", "has not answered for"]),
    "missed-duty": (["--stop-nodes", "2,3"],
                    lambda live: len(live["missed"]) > 2,
                    ["✘ missed", "Why: ", "What to do: ", "Lies with: ", "Operator 2 (demo-2)"]),
}
HOSTILE = "<img src=x onerror=alert(1)>\u202e\"'`${7*7}"

CHECKS = r"""
(() => {
  const faults = [];
  const page = document.scrollingElement;
  if (page.scrollWidth > WIDTH) faults.push('the page is ' + page.scrollWidth + ' pixels wide, the screen WIDTH');
  const seen = el => el.getClientRects().length && getComputedStyle(el).visibility !== 'hidden' && !el.closest('.vh, .skip');
  const rgb = text => (text.match(/[\d.]+/g) || []).map(Number);
  const light = c => { const [r, g, b] = c.slice(0, 3).map(v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const back = el => { for (; el; el = el.parentElement) { const c = rgb(getComputedStyle(el).backgroundColor);
    if (c.length === 3 || c[3] === 1) return c; } return [255, 255, 255]; };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const poor = new Set();
  for (let node; (node = walker.nextNode());) {
    const el = node.parentElement;
    if (!node.data.trim() || !seen(el) || ['SCRIPT', 'STYLE', 'NOSCRIPT', 'OPTION'].includes(el.tagName)) continue;
    const style = getComputedStyle(el), isDrawn = el instanceof SVGElement;
    const [a, b] = [light(rgb(isDrawn ? style.fill : style.color)), light(back(el))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) poor.add(ratio.toFixed(2) + ' for "' + node.data.trim().slice(0, 30) + '"');
  }
  for (const text of poor) faults.push('contrast ' + text);
  for (const th of document.querySelectorAll('th')) if (!th.scope) faults.push('a table header without scope: ' + th.textContent);
  for (const el of document.querySelectorAll('[role=region], section, nav')) {
    const id = el.getAttribute('aria-labelledby');
    if (!el.getAttribute('aria-label') && !(id && document.getElementById(id))) faults.push('a landmark without a name');
  }
  for (const el of document.querySelectorAll('svg[role=img]')) if (!el.getAttribute('aria-label')) faults.push('a mute image');
  if (document.querySelectorAll('h1').length !== 1) faults.push('not one main heading');
  const wide = [...document.querySelectorAll('button, select')].filter(el => seen(el) && el.getBoundingClientRect().height < 24);
  if (wide.length) faults.push('a control that is hard to hit');
  for (const el of document.querySelectorAll('.scroll')) if (el.tabIndex !== 0) faults.push('a table the keyboard cannot scroll');
  return faults;
})()
"""


def gone_for(live, peer, duties):
    over = [duty for duty in live["duties"] if duty["state"] != "pending" and duty["duty"] == "attester"]
    return sum(1 for duty in over[:2 * duties] if duty["signed"][peer] == 0) >= duties


def fail(text):
    raise SystemExit("page-check: " + text)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Browser:
    """One Chromium, one page. Messages end with a zero byte."""

    def __init__(self, program, folder):
        ours, theirs = os.pipe(), os.pipe()
        command = (f'exec "$0" --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run'
                   f' --user-data-dir="$1" --remote-debugging-pipe about:blank 3<&{ours[0]} 4>&{theirs[1]}')
        self.log = open(folder + "/chromium.log", "wb")
        self.process = subprocess.Popen(["sh", "-c", command, program, folder + "/profile"],
                                        pass_fds=(ours[0], theirs[1]), stdout=self.log, stderr=self.log,
                                        start_new_session=True)
        os.close(ours[0])
        os.close(theirs[1])
        self.out, self.into = ours[1], theirs[0]
        self.rest, self.number, self.session, self.errors = b"", 0, None, []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(domain + ".enable")

    def ask(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            answer = self.read(deadline - time.monotonic())
            if answer and answer.get("id") == self.number:
                if "error" in answer:
                    fail(f"{method}: {answer['error']}")
                return answer["result"]
        fail(f"{method}: no answer from the browser within a minute")

    def read(self, seconds):
        while b"\0" not in self.rest:
            if not select.select([self.into], [], [], max(0, seconds))[0]:
                return None
            more = os.read(self.into, 1 << 20)
            if not more:
                fail("the browser ended; see its log")
            self.rest += more
        line, self.rest = self.rest.split(b"\0", 1)
        message = json.loads(line)
        self.note(message.get("method"), message.get("params", {}))
        return message

    def note(self, method, what):
        if method == "Runtime.consoleAPICalled" and what["type"] in ("error", "warning", "assert"):
            self.errors.append("console: " + " ".join(str(a.get("value", a.get("description"))) for a in what["args"]))
        elif method == "Runtime.exceptionThrown":
            detail = what["exceptionDetails"]
            self.errors.append("exception: " + detail.get("exception", {}).get("description", detail["text"]))
        elif method == "Log.entryAdded" and what["entry"]["level"] in ("error", "warning"):
            self.errors.append("log: " + what["entry"]["text"] + " " + what["entry"].get("url", ""))
        elif method == "Page.javascriptDialogOpening":
            self.errors.append("a dialog: " + what["message"])

    def evaluate(self, script):
        result = self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            fail(f"{script[:80]}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def wait(self, script, seconds=30):
        deadline = time.monotonic() + seconds
        while not self.evaluate(script):
            if time.monotonic() > deadline:
                fail(f"the page never came to: {script}")
            self.read(0.2)

    def key(self, name, text=""):
        codes = {"Tab": 9, "Enter": 13, " ": 32}
        key = {"key": name, "windowsVirtualKeyCode": codes[name], "code": "Space" if name == " " else name}
        self.ask("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", text=text, **key)
        self.ask("Input.dispatchKeyEvent", type="keyUp", **key)

    def open(self, url, width, scheme, height=900):
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                 mobile=width < 600)
        self.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.ask("Page.navigate", url=url)
        self.wait("document.readyState === 'complete' && document.getElementById('peers').children.length > 0")

    def screenshot(self, path):
        size = self.ask("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], 8000), "scale": 1}
        data = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)["data"]
        path.write_bytes(base64.b64decode(data))

    def close(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.log.close()


class Demo:
    def __init__(self, args, folder, arguments):
        self.port = free_port()
        self.log = open(folder + "/demo.log", "ab")
        self.process = subprocess.Popen(
            [args.styx, "demo", "--slots", "0", "--plain", "--slot-duration", args.slot_duration,
             "--debug-address", f"127.0.0.1:{self.port}"] + arguments,
            stdout=self.log, stderr=self.log)

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def until(self, condition, seconds):
        deadline = time.monotonic() + seconds
        live = None
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                fail(f"the demo ended with status {self.process.returncode}; see {self.log.name}")
            with contextlib.suppress(OSError, http.client.HTTPException):
                live = json.loads(self.get("/debug/live")[2])
                if condition(live):
                    return live
            time.sleep(0.5)
        fail(f"the state did not come within {seconds} s; the last picture: {json.dumps(live)[:2000]}")

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()


def looks(browser, demo, state, words, out):
    """Screenshots and checks of one state."""
    for width in WIDTHS:
        for scheme in SCHEMES:
            where = f"{state} at {width} pixels, {scheme}"
            browser.open(f"http://127.0.0.1:{demo.port}/", width, scheme)
            text = browser.evaluate("document.body.textContent")
            for word in words:
                if word not in text:
                    fail(f"{where}: the page does not say: {word}")
            faults = browser.evaluate(CHECKS.replace("WIDTH", str(width)))
            browser.screenshot(out / f"{state}-{width}-{scheme}.png")
            if faults:
                fail(f"{where}: " + "; ".join(faults[:10]))
            if browser.errors:
                fail(f"{where}: " + "; ".join(browser.errors[:10]))
            print(f"page-check: {where}: good", flush=True)


def keyboard(browser, demo):
    """Tab goes everywhere, keys work, and an update takes nobody's focus."""
    browser.open(f"http://127.0.0.1:{demo.port}/debug", 1440, "light")
    reached = []
    for _ in range(40):
        browser.key("Tab")
        reached.append(browser.evaluate(
            "(e => e.id || e.getAttribute('aria-labelledby') || e.getAttribute('href') || e.tagName)"
            "(document.activeElement)"))
        if reached[-1] == "debug/peers":
            break
    wanted = ["#main", "pause", "#h-missed", "h-peers", "problems", "limit", "h-duties", "h-sources", "debug/live"]
    if [each for each in reached if each in wanted] != wanted:
        fail(f"the Tab key goes {reached}, which is not through {wanted}")
    rows = "document.getElementById('duties').children.length"
    browser.evaluate("(e => { e.value = '0'; e.dispatchEvent(new Event('change')); })(document.getElementById('limit'))")
    before = browser.evaluate(rows)
    browser.evaluate("document.getElementById('problems').focus()")
    browser.key(" ", " ")
    if not browser.evaluate("document.getElementById('problems').checked") or browser.evaluate(rows) >= before:
        fail("the space bar does not choose the duties with problems")
    at = browser.evaluate("document.getElementById('chain').textContent")
    browser.wait(f"document.getElementById('chain').textContent !== {json.dumps(at)}")
    if browser.evaluate("document.activeElement.id") != "problems":
        fail("an update took the focus away")
    browser.evaluate("document.getElementById('pause').focus()")
    browser.key("Enter", "\r")
    if browser.evaluate("document.getElementById('pause').getAttribute('aria-pressed')") != "true":
        fail("Enter does not pause")
    print("page-check: keyboard: good", flush=True)


def hostile(browser, demo):
    """A page of the node, and a picture in which every text is an attack."""
    _, headers, page = demo.get("/")
    live = json.loads(demo.get("/debug/live")[2])

    def poison(value):
        if isinstance(value, dict):
            return {name: poison(each) for name, each in value.items()}
        if isinstance(value, list):
            return [poison(each) for each in value]
        return HOSTILE if isinstance(value, str) else value

    body = json.dumps(poison(live)).encode()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            is_page = self.path == "/"
            self.send_response(200)
            for name, value in headers.items() if is_page else [("content-type", "application/json")]:
                if name.lower() not in ("content-length", "date", "connection", "transfer-encoding"):
                    self.send_header(name, value)
            self.end_headers()
            self.wfile.write(page if is_page else body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        browser.open(f"http://127.0.0.1:{server.server_port}/", 360, "light")
        if browser.evaluate("document.querySelectorAll('img, iframe, object, embed, [onerror]').length"):
            fail("a name became markup")
        if HOSTILE not in browser.evaluate("document.getElementById('peers').textContent"):
            fail("a hostile name is not shown as text")
        width = browser.evaluate("document.scrollingElement.scrollWidth")
        if width > 360:
            fail(f"hostile names make the page {width} pixels wide")
        refused = browser.evaluate(
            "new Promise(done => { addEventListener('securitypolicyviolation', e => done(e.violatedDirective));"
            " try { document.body.append(Object.assign(document.createElement('img'), {src: 'https://example.org/x'})); }"
            " catch (error) { done('' + error); } setTimeout(() => done(''), 3000); })")
        if "img-src" not in refused:
            fail("the policy lets the page load pictures from elsewhere")
        browser.errors = [error for error in browser.errors if "example.org" not in error]
        if browser.errors:
            fail("hostile picture: " + "; ".join(browser.errors[:10]))
    finally:
        server.shutdown()
    print("page-check: hostile names: good", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--styx", required=True)
    parser.add_argument("--chromium", default="chromium")
    parser.add_argument("--out", help="folder for screenshots; a temporary one if not given")
    parser.add_argument("--slot-duration", default="3s")
    parser.add_argument("--only", choices=STATES)
    args = parser.parse_args()
    out = pathlib.Path(args.out or tempfile.mkdtemp(prefix="styx-pages-"))
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="styx-page-check-", ignore_cleanup_errors=True) as folder:
        browser = Browser(args.chromium, folder)
        try:
            for state, (arguments, condition, words) in STATES.items():
                if args.only and state != args.only:
                    continue
                demo = Demo(args, str(out), arguments)
                try:
                    demo.until(condition, 240)
                    looks(browser, demo, state, words, out)
                    if state == "healthy":
                        keyboard(browser, demo)
                        hostile(browser, demo)
                    browser.ask("Page.navigate", url="about:blank")
                finally:
                    demo.close()
        finally:
            browser.close()
    print(f"page-check: good; screenshots are in {out}")


if __name__ == "__main__":
    sys.exit(main())
