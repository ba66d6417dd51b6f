import FoundationEssentials
import SSZ

/// The page for people at the debug address: one document that loads nothing but `debug/live` and `debug/doctor`,
/// beside which it stands.
///
/// Nothing of the cluster is in the document; the script sets it as text, so nobody's name can become markup. The
/// policy allows this script and this style by their hashes, and no other source of anything.
package enum WebPage {
    package static let contentType = "text/html; charset=utf-8"

    /// Header fields that go with it.
    package static let headers: [String: String] = [
        "content-security-policy": [
            "default-src 'none'", "script-src '\(hash(script))'", "style-src '\(hash(style))'",
            "connect-src 'self'", "img-src data:", "base-uri 'none'", "form-action 'none'",
            "frame-ancestors 'none'", "require-trusted-types-for 'script'", "trusted-types 'none'",
        ].joined(separator: "; "),
        "x-content-type-options": "nosniff", "referrer-policy": "no-referrer",
        "cross-origin-resource-policy": "same-origin",
    ]

    package static let document = """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>Styx</title>
        <link rel="icon" href="data:,">
        <style>\(style)</style>
        </head>
        \(body)
        <script>\(script)</script>
        </html>

        """

    static let script = dataScript + viewScript + pollScript

    private static func hash(_ text: String) -> String {
        "sha256-" + Data(SHA256.hash(text.utf8).bytes).base64EncodedString()
    }

    private static let body = """
        <body>
        <a class="skip" href="#main">Skip to content</a>
        <header>
        <div class="bar">
        <h1 id="title">Styx</h1>
        <button id="pause" type="button" aria-pressed="false">Pause updates</button>
        </div>
        <p id="state" class="state">Waiting for the node …</p>
        <p id="chain" class="dim"></p>
        <p id="offline" class="banner" role="alert" hidden></p>
        <p id="news" class="vh" role="status" aria-live="polite"></p>
        <nav aria-label="Sections">
        <a href="#h-missing">Missing</a> <a href="#h-peers">Operators</a> <a href="#h-duties">Duties</a>
        <a href="#h-latencies">Latencies</a> <a href="#h-missed">Missed duties</a>
        <a href="#h-sources">Beacon nodes and signer</a>
        </nav>
        </header>
        <main id="main" tabindex="-1">
        <noscript><p class="banner">This page needs JavaScript. As text: <code>styx top --once</code>.</p></noscript>
        <section aria-labelledby="h-missing">
        <h2 id="h-missing" tabindex="-1">What is missing</h2>
        <ul id="missing" class="plain"></ul>
        <p id="missing-none" class="good" hidden>✔ Nothing.</p>
        </section>
        <section id="doctor" aria-labelledby="h-doctor" hidden>
        <h2 id="h-doctor">Doctor</h2>
        <ul id="findings" class="plain"></ul>
        <p id="findings-none" class="good" hidden>✔ The doctor finds nothing.</p>
        </section>
        <section aria-labelledby="h-peers">
        <h2 id="h-peers" tabindex="-1">Operators</h2>
        <div class="scroll" role="region" tabindex="0" aria-labelledby="h-peers">
        <table><thead><tr>
        <th scope="col">Operator</th><th scope="col">Connection</th><th scope="col">Signed</th>
        <th scope="col">Last signed</th><th scope="col">Round trip</th><th scope="col">Clock</th>
        <th scope="col">Program</th><th scope="col">Faults</th>
        </tr></thead><tbody id="peers"></tbody></table>
        </div>
        </section>
        <section aria-labelledby="h-duties">
        <h2 id="h-duties" tabindex="-1">Duties of the last epochs</h2>
        <p class="controls">
        <label><input id="problems" type="checkbox"> Only those with problems</label>
        <label>Show <select id="limit"><option value="24">24</option><option value="96">96</option>
        <option value="0">all</option></select></label>
        <span id="shown" class="dim"></span>
        </p>
        <p class="dim" id="legend">Operators by number: <span class="good">●</span> signed for all validators,
        <span class="warn">◐</span> for some, <span class="bad">○</span> for none, <span class="bad">✘</span> badly,
        · under way. The leader of the round that decided has a frame.</p>
        <div class="scroll tall" role="region" tabindex="0" aria-labelledby="h-duties" aria-describedby="legend">
        <table class="matrix"><thead><tr id="duties-head"></tr></thead><tbody id="duties"></tbody></table>
        </div>
        <p id="duties-none" class="dim" hidden>No duty yet.</p>
        </section>
        <section aria-labelledby="h-latencies">
        <h2 id="h-latencies" tabindex="-1">Latencies</h2>
        <p class="dim">Start of consensus → decided → broadcast; due: when the duty's time came.</p>
        <div id="latencies"></div>
        <p id="latencies-none" class="dim" hidden>Nothing measured yet.</p>
        </section>
        <section aria-labelledby="h-missed">
        <h2 id="h-missed" tabindex="-1">Last missed duties</h2>
        <ol id="missed" class="plain"></ol>
        <p id="missed-none" class="good" hidden>✔ None since the start.</p>
        </section>
        <section aria-labelledby="h-sources">
        <h2 id="h-sources" tabindex="-1">Beacon nodes and signer</h2>
        <div class="scroll" role="region" tabindex="0" aria-labelledby="h-sources">
        <table><thead><tr>
        <th scope="col">Beacon node</th><th scope="col">State</th><th scope="col">Latency, half / longest</th>
        <th scope="col">Head</th><th scope="col">Program</th>
        </tr></thead><tbody id="nodes"></tbody></table>
        </div>
        <p id="signer"></p>
        <div id="signers-box" class="scroll" role="region" tabindex="0" aria-label="Remote signers" hidden>
        <table><thead><tr>
        <th scope="col">Remote signer</th><th scope="col">State</th><th scope="col">Key shares</th>
        <th scope="col">Problem</th>
        </tr></thead><tbody id="signers"></tbody></table>
        </div>
        </section>
        </main>
        <footer class="dim">
        <p id="about"></p>
        <p><a href="debug/live">JSON</a> · <a href="debug/peers">connections</a></p>
        </footer>
        </body>
        """
}
