import Foundation
import Testing

/// The house's rules that a machine can see. Source: STYLE.md §1, §2, §11.
@Suite("the house is tidy")
struct TidyTests {
    /// Targets and what each may import of the others, as Package.swift has it. STYLE.md §1 is the map.
    static let map: [String: Set<String>] = [
        "Timing": [],
        "Prometheus": [],
        "SSZ": ["CBlst"],
        "BLS": ["CBlst", "SSZ"],
        "Secp256k1": ["CSecp256k1", "SSZ"],
        "QBFT": ["SSZ"],
        "Ethereum": ["SSZ"],
        "BeaconAPI": ["Ethereum"],
        "Cluster": ["Ethereum", "BLS", "Secp256k1"],
        "DutyWorkflow": ["Ethereum", "QBFT", "Timing"],
        "Doctor": ["Cluster", "DutyWorkflow", "Prometheus"],
        "DKG": ["BLS", "Secp256k1", "SSZ", "Ethereum", "Cluster", "Timing"],
        "Traces": ["Ethereum", "DutyWorkflow", "SSZ", "Timing"],
        "Views": ["DutyWorkflow"],
        "Program": ["Ethereum"],
        "HTTPServing": [],
        "Libp2p": ["Program", "Secp256k1", "Timing"],
        "PeerProtocols": ["Libp2p", "DutyWorkflow", "Secp256k1", "Timing"],
        "BeaconClient": ["BeaconAPI", "Program", "Timing"],
        "ValidatorAPI": ["BeaconAPI", "DutyWorkflow", "HTTPServing"],
        "KeymanagerAPI": ["Ethereum", "ValidatorAPI", "HTTPServing", "Timing"],
        "Storage": ["DutyWorkflow"],
        "ClusterSetup": ["Cluster", "Libp2p", "Program"],
        "Cosigning": ["Cluster", "ClusterSetup", "BeaconClient"],
        "RemoteSigner": ["DutyWorkflow", "ClusterSetup", "Timing"],
        "OTLP": ["Ethereum", "Program", "Traces", "Timing"],
        "Monitoring": ["HTTPServing"],
        "Node": [
            "BLS", "Cluster", "DutyWorkflow", "Libp2p", "PeerProtocols", "BeaconClient", "ValidatorAPI", "Storage",
            "Monitoring", "ClusterSetup", "Cosigning", "RemoteSigner", "KeymanagerAPI", "Timing", "Program",
            "Prometheus", "Doctor", "Traces", "OTLP", "Views",
        ],
        "KeyCeremony": [
            "DKG", "Node", "Cluster", "ClusterSetup", "Ethereum", "Libp2p", "Program", "SSZ", "Secp256k1", "BLS",
            "Timing",
        ],
        "LogSinks": ["Cluster", "ClusterSetup", "Ethereum", "Libp2p", "Program", "Timing"],
        "Relay": ["Cluster", "Libp2p", "PeerProtocols", "Program", "Monitoring", "SSZ", "Secp256k1"],
        "Diagnostics": ["Node", "Cluster", "ClusterSetup", "Libp2p", "Program", "SSZ", "Secp256k1"],
        "Demo": ["Node", "Program", "HTTPServing"],
        "styx": [
            "Node", "Relay", "Demo", "Diagnostics", "KeyCeremony", "LogSinks", "Program", "Cluster", "ClusterSetup",
            "Cosigning", "Libp2p", "Storage", "Doctor", "Views",
        ],
        "Simulation": ["DutyWorkflow", "Timing"],
        "Exploration": ["QBFT", "DutyWorkflow", "Simulation", "Timing"],
        "Explore": ["Exploration", "Simulation"],
        "KillMatrix": [
            "Demo", "Node", "PeerProtocols", "Libp2p", "Program", "Cluster", "BeaconClient", "DutyWorkflow", "Storage",
            "BLS", "Secp256k1", "QBFT", "Timing",
        ],
        "KillMatrixProgram": ["KillMatrix", "Program"],
        "FuzzTargets": [
            "SSZ", "BLS", "Secp256k1", "QBFT", "Ethereum", "BeaconAPI", "Cluster", "DutyWorkflow", "DKG", "Libp2p",
            "PeerProtocols", "RemoteSigner", "Storage", "Program", "Node", "Timing",
        ],
        "Fuzz": ["FuzzTargets"],
        "Benchmarks": [
            "Demo", "Program", "Simulation", "BLS", "Storage", "Libp2p", "Cluster", "ClusterSetup", "RemoteSigner",
            "HTTPServing", "LogSinks", "Traces",
        ],
    ]
    /// No sockets, clocks, disks, threads or logs.
    static let pure: Set<String> = [
        "Timing", "Prometheus", "SSZ", "BLS", "Secp256k1", "QBFT", "Ethereum", "BeaconAPI", "Cluster", "DKG",
        "DutyWorkflow", "Doctor", "Traces", "Views", "Simulation", "Exploration",
    ]
    static let sources = Source.all(in: "Sources")
    static let tests = Source.all(in: "Tests")
    private static let linesMax = 400

    /// What a target may import: its own row and all that those may.
    private static func allowed(_ target: String) -> Set<String> {
        (map[target] ?? []).reduce(into: map[target] ?? []) { $0.formUnion(allowed($1)) }
    }

    @Test("the files are found, and each target is on the map")
    func found() {
        #expect(Self.sources.count > 100 && Self.tests.count > 50)
        #expect(Set(Self.sources.map(\.target)).subtracting(Self.map.keys).isEmpty)
    }

    @Test("targets import only what stands above them on the map", arguments: map.keys.sorted())
    func imports(target: String) {
        let house = Set(Self.map.keys).union(["CBlst", "CSecp256k1"])
        let allowed = Self.allowed(target)
        for source in Self.sources where source.target == target {
            let wrong = Set(source.imports).intersection(house).subtracting(allowed)
            #expect(wrong.isEmpty, "\(source.path) imports \(wrong.sorted())")
        }
    }

    @Test("no target reaches itself: the map has no circles", arguments: map.keys.sorted())
    func noCircles(target: String) {
        var reached: Set<String> = []
        var open = Array(Self.map[target] ?? [])
        while let next = open.popLast() {
            if reached.insert(next).inserted { open += Self.map[next] ?? [] }
        }
        #expect(!reached.contains(target))
    }

    @Test("the map is Package.swift's")
    func packageFile() throws {
        let text = try String(contentsOf: Source.root.appendingPathComponent("Package.swift"), encoding: .utf8)
        for (target, dependencies) in Self.map.sorted(by: { $0.key < $1.key }) {
            let name =
                [
                    "Benchmarks": "styx-benchmarks", "Fuzz": "styx-fuzz", "Explore": "styx-explore",
                    "KillMatrixProgram": "styx-kill-matrix",
                ][target] ?? target
            guard let row = Self.row(of: name, in: text) else {
                Issue.record("\(target) is not in Package.swift")
                continue
            }
            let quoted = row.matches(of: /"([A-Za-z0-9]+)"/).map { String($0.output.1) }
            let listed = Set(quoted).intersection(Set(Self.map.keys).union(["CBlst", "CSecp256k1"]))
            #expect(listed.subtracting([target]) == dependencies, "\(target)")
        }
    }

    /// The dependency list of `module("name", […])` or `name: "name", dependencies: […]`.
    private static func row(of name: String, in text: String) -> Substring? {
        let starts = ["module(\"\(name)\",", "module(\n            \"\(name)\",", "name: \"\(name)\", dependencies:"]
        let spaced = ["name: \"\(name)\",\n            dependencies:"]
        for start in starts + spaced {
            guard let found = text.range(of: start), let open = text[found.upperBound...].firstIndex(of: "[") else {
                continue
            }
            guard let close = text[open...].firstIndex(of: "]") else { continue }
            return text[open...close]
        }
        return nil
    }

    @Test("pure targets know no clock, task or console", arguments: pure.sorted())
    func pureTargets(target: String) {
        let forbidden: [(String, Regex<Substring>)] = [
            ("print", /\bprint\(/), ("Date()", /\bDate\(\)/), ("Task", /\bTask(?:\.detached)?(?: *\{|\()/),
            ("Task.sleep", /\bTask\.sleep/), ("a deadline on the real clock", /\bwithDeadline\b/),
            ("a clock", /\b(?:ContinuousClock|SuspendingClock|DispatchTime|DispatchQueue)\b/),
            ("a system generator", /\bSystemRandomNumberGenerator\b/),
        ]
        // What the shells take their time limits from; nobody pure may call it.
        let shell = "Sources/Timing/Deadline.swift"
        for source in Self.sources where source.target == target && source.path != shell {
            for (name, pattern) in forbidden {
                let lines = source.matches(pattern)
                let isKeyMaterial =
                    name == "a system generator" && ["BLS", "Cluster", "DKG", "Secp256k1"].contains(target)
                #expect(lines.isEmpty || isKeyMaterial, "\(source.path):\(lines): \(name)")
            }
        }
    }

    /// Each with the reason why nothing structured does.
    private static let looseTasksAllowed: [String: String] = [
        "Sources/HTTPServing/ApplicationProtocol+Serve.swift": "awaited by its function; must outlive cancellation",
        "Sources/Libp2p/Host+Handlings.swift": "started from an event loop; the host counts and cancels them",
        "Sources/Node/Driver/OwnedTasks.swift": "this is the owner: it cancels them and waits for them",
        "Tests/ClusterSetupTests/KeyCombinerTests.swift": "awaited; the test cancels it",
        "Tests/NodeTests/WorkflowDriverTests.swift": "awaited; the test cancels them",
        "Tests/Libp2pTests/HostTests.swift": "awaited; the test cancels them",
    ]

    @Test("no loose task anywhere: what runs has an owner that waits for it")
    func looseTasks() {
        let start = /(?:^|[^.\w])[T]ask(?:\.detached|\.immediate|\.init)?(?:<[^>]*>)? *(?:\{|\()/
        for source in Self.sources + Self.tests where Self.looseTasksAllowed[source.path] == nil {
            let lines = source.matches(start)
            #expect(lines.isEmpty, "\(source.path):\(lines)")
        }
    }

    @Test("nothing traps on outside input: no try!, as! or forced unwrapping")
    func traps() {
        for source in Self.sources where !source.isGenerated {
            let lines = source.matches(/\btry!|\bas!|[\w\)\]]!(?![=\w])/)
            #expect(lines.isEmpty, "\(source.path):\(lines)")
        }
    }

    @Test("no file is longer than 400 lines")
    func length() {
        for source in Self.sources + Self.tests where !source.isGenerated {
            #expect(source.lines.count - 1 <= Self.linesMax, "\(source.path): \(source.lines.count - 1) lines")
        }
    }

    /// Where a new case has to say what becomes of it.
    static let sorters = [
        "DutyDefinition", "DutyKind", "DutyRules", "FetchPlan", "Outbox", "OwnObjects", "SigAgg", "SignedData+Form",
        "SignedData+Wire", "UnsignedData+Wire", "Workflow",
    ]

    @Test("switches that route or sort have no default", arguments: sorters)
    func noDefault(name: String) throws {
        let source = try #require(Self.sources.first { $0.path == "Sources/DutyWorkflow/\(name).swift" })
        let lines = source.matches(/^ *default:/)
        #expect(lines.isEmpty, "\(source.path):\(lines)")
    }

    @Test("no target stands empty")
    func placeholders() {
        let empty = (Self.sources + Self.tests).map(\.path).filter { $0.hasSuffix("Placeholder.swift") }
        #expect(empty.isEmpty)
    }

    @Test("no notes to self")
    func leftovers() {
        let notes = ["TO" + "DO", "FIX" + "ME"]
        for source in Self.sources + Self.tests {
            let lines = source.lines.enumerated().filter { line in notes.contains { line.element.contains($0) } }
            #expect(lines.isEmpty, "\(source.path):\(lines.map { $0.offset + 1 })")
        }
    }
}
