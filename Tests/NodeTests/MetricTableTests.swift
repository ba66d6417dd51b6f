import Prometheus
import SSZ
import TestSupport
import Testing

@testable import Node
@testable import ValidatorAPI

/// The metrics against `Fixtures/metrics.tsv`, which a script made of the tables of operations.md §9, two rows excepted.
@Suite("the table of metrics")
struct MetricTableTests {
    /// What a dashboard can see of a metric.
    struct Row: Hashable {
        let name: String
        let kind: String
        let labels: String
        let buckets: [Double]
    }

    private static func lines(_ file: String) throws -> [[String]] {
        String(decoding: try Fixtures.data(file), as: UTF8.self).split(separator: "\n").filter { !$0.hasPrefix("#") }
            .map { $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init) }
    }

    private static func table() throws -> [String: Row] {
        let rows = try lines("metrics.tsv").map { fields in
            let buckets = fields.count > 3 ? fields[3].split(separator: " ") : []
            return Row(
                name: fields[0], kind: fields[1], labels: fields.count > 2 ? fields[2] : "",
                buckets: try buckets.map { try #require(Double($0)) })
        }
        return Dictionary(uniqueKeysWithValues: rows.map { ($0.name, $0) })
    }

    @Test("names, types, labels and buckets are the table's")
    func rows() async throws {
        let table = try Self.table()
        #expect(table.count == 110)
        for metric in try NodeFiles().metrics().registry.metrics {
            let row = Row(
                name: metric.name, kind: metric.kind.rawValue, labels: metric.labelNames.joined(separator: ","),
                buckets: metric.buckets)
            #expect(row == table[metric.name])
        }
    }

    @Test("what is not exported is listed with its reason, and nothing else is")
    func missing() async throws {
        let missing = try Self.lines("metrics-missing.tsv")
        #expect(missing.allSatisfy { $0.count == 2 && $0[1].count > 10 })
        let exported = try NodeFiles().metrics().registry.metrics.map(\.name)
        #expect(Set(exported).count == exported.count)
        #expect(Set(missing.map(\.[0])) == Set(try Self.table().keys).subtracting(exported))
    }

    @Test("constant labels stand on every series, in front")
    func constantLabels() async throws {
        let text = Exposition(try NodeFiles().metrics(nickname: "a \"b\"").registry).text
        let series = text.split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(series.count > 60)
        let labels = #/^[a-z0-9_]+\{cluster_hash="[0-9a-f]{7}",cluster_name="start",cluster_network="hoodi",(.*)$/#
        let rest = #"cluster_peer="operator-1",nickname="a \"b\"",charon_version="v1.11.0""#
        for line in series {
            let found = line.firstMatch(of: labels)?.output.1
            #expect(found?.hasPrefix(rest + ",") == true || found?.hasPrefix(rest + "}") == true, "\(line)")
        }
    }

    @Test("nothing is told before it is known")
    func silent() async throws {
        let text = Exposition(try NodeFiles().metrics().registry).text
        for name in ["app_beacon_node_peers", "core_scheduler_current_slot", "p2p_ping_success", "app_eth2_"] {
            #expect(!text.contains("\n\(name)"), "\(name)")
        }
        #expect(text.contains("\napp_monitoring_readyz{"))
    }
}

@Suite("labels of passed-on paths")
struct ProxiedPathsTests {
    private static func series(_ metrics: NodeMetrics) -> [[String]] {
        metrics.registry.metrics.first { $0.name == "core_validatorapi_proxy_request_latency_seconds" }?.series
            .map(\.labels) ?? []
    }

    private static func ask(_ metrics: NodeMetrics, _ segments: [String]) {
        metrics.api.receive(
            ValidatorAPIRecord(
                kind: .proxy(path: ProxyLabel.make(segments)), status: 200, bodyType: .json, duration: .zero,
                wasInterrupted: false))
    }

    @Test("paths of the Beacon API have a label each")
    func known() async throws {
        let metrics = try NodeFiles().metrics()
        let root = "0x" + String(repeating: "ab", count: 32)
        for path in [
            "eth/v1/beacon/states/head/finality_checkpoints", "eth/v1/beacon/states/\(root)/validators/17",
            "eth/v1/beacon/headers/123", "eth/v2/beacon/blocks/head", "eth/v1/node/peers/16Uiu2HA",
            "eth/v1/config/spec",
        ] {
            Self.ask(metrics, path.split(separator: "/").map(String.init))
        }
        #expect(
            Set(Self.series(metrics)) == [
                ["eth_v1_beacon_states_head_finality_checkpoints"], ["eth_v1_beacon_states_{hex}_validators_{n}"],
                ["eth_v1_beacon_headers_{n}"], ["eth_v2_beacon_blocks_head"], ["eth_v1_node_peers_{peer_id}"],
                ["eth_v1_config_spec"],
            ])
    }

    @Test("ten thousand random paths add no series")
    func random() async throws {
        let metrics = try NodeFiles().metrics()
        var generator = SeededGenerator(seed: 7)
        let words = [
            "eth", "v1", "v2", "beacon", "states", "head", "validators", "node", "peers", "blocks", "headers", "root",
        ]
        Self.ask(metrics, ["nonsense"])
        var unknown = 0
        for _ in 0..<10_000 {
            let segments = (0..<Int.random(in: 1...14, using: &generator)).map { _ in
                switch Int.random(in: 0..<6, using: &generator) {
                case 0...2: words[Int.random(in: 0..<words.count, using: &generator)]
                case 3: "0x" + String(UInt64.random(in: 0 ... .max, using: &generator), radix: 16)
                case 4: "\(UInt64.random(in: 0 ... .max, using: &generator))"
                default:
                    String(
                        (0..<8).map { _ in Character(Unicode.Scalar(UInt8.random(in: 0x21...0x7e, using: &generator))) }
                    )
                }
            }
            let label = ProxyLabel.make(segments)
            guard ProxiedPaths.table[label] == LabelTable.other else { continue }
            unknown += 1
            Self.ask(metrics, segments)
        }
        #expect(unknown > 9_000)
        #expect(Self.series(metrics) == [["other"]])
    }
}
