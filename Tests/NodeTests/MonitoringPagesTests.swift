import AsyncHTTPClient
import BeaconTestSupport
import Cluster
import NIOCore
import Program
import TestSupport
import Testing

@testable import Node

/// The pages of a whole node.
@Suite("the monitoring pages", .timeLimit(.minutes(2)))
struct MonitoringPagesTests {
    struct Answer: Equatable {
        let status: UInt
        let type: String?
        let body: String
    }

    private let files: NodeFiles
    private let configuration: NodeConfiguration

    init() throws {
        files = try NodeFiles()
        var configuration = files.configuration
        configuration.monitoringAddress = "127.0.0.1:0"
        configuration.nickname = "second"
        self.configuration = configuration
    }

    /// Runs a node for as long as `body` runs.
    private static func run(
        _ configuration: NodeConfiguration, _ body: (_ get: (String) async throws -> Answer) async throws -> Void
    ) async throws {
        let (ports, listening) = AsyncStream.makeStream(of: Int.self)
        var hooks = StyxNode.Hooks()
        hooks.monitoring = { listening.yield($0) }
        let node = try await StyxNode(configuration, hooks: hooks, logger: NodeFiles.quiet)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { listening.finish() }
                try await node.run()
            }
            let port = try #require(await ports.first { _ in true })
            try await body { path in
                let request = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)")
                let response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
                return Answer(
                    status: response.status.code, type: response.headers.first(name: "content-type"),
                    body: String(buffer: try await response.body.collect(upTo: 1 << 20)))
            }
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    @Test("a node without a beacon node lives, is not ready, and says why and who must act")
    func notReady() async throws {
        try await Self.run(configuration) { get in
            let live = try await get("/livez")
            #expect(live == Answer(status: 200, type: "text/plain; charset=utf-8", body: "ok"))
            var ready = try await get("/readyz")
            while ready.body.hasPrefix("check not initialised") { ready = try await get("/readyz") }
            #expect(ready.status == 500)
            #expect(ready.body.hasPrefix("beacon node is down\nthis node's operator: start the beacon node"))
            let enr = try await get("/enr")
            let key = try IdentityKeyFile.load(configuration.privateKeyFile)
            #expect(enr.status == 200 && enr.body == ENR(signedBy: key).text)
        }
    }

    @Test("metrics come in Prometheus' text format, with what is known at once")
    func metrics() async throws {
        try await Self.run(configuration) { get in
            let answer = try await get("/metrics")
            #expect(answer.status == 200 && answer.type == "text/plain; version=0.0.4; charset=utf-8")
            let lines = answer.body.split(separator: "\n")
            func value(_ name: String) -> Double? {
                lines.first { $0.hasPrefix(name + "{") }.flatMap { Double($0.split(separator: " ").last ?? "") }
            }
            #expect(value("cluster_operators") == 3 && value("cluster_threshold") == 2)
            #expect(try #require(value("process_resident_memory_bytes")) > 1e6)
            #expect(try #require(value("process_cpu_seconds_total")) > 0)
            #expect(try #require(value("process_open_fds")) > 3)
            #expect(try #require(value("process_max_fds")) > 3)
            #expect(lines.contains { $0.contains("app_peerinfo_nickname{") && $0.contains("peer_nickname=\"second\"") })
            // Scraped again within the second.
            #expect(try await get("/metrics").status == 200)
        }
    }

    @Test("an address that is taken ends the node at once, with the flag")
    func taken() async throws {
        try await FakeBeaconNode.with({ _ in .json("{}") }) { other in
            var configuration = configuration
            configuration.monitoringAddress = String(other.url.dropFirst("http://".count))
            let node = try await StyxNode(configuration, logger: NodeFiles.quiet)
            let error = await #expect(throws: ConfigurationError.self) { try await node.run() }
            #expect(error?.flag == "monitoring-address")
            #expect(error?.what.hasSuffix(" cannot be listened on: Address already in use") == true)
        }
    }

    @Test("an address that is none is refused before anything runs", arguments: ["3620", "host:1", "127.0.0.1:70000"])
    func refused(address: String) async {
        var configuration = configuration
        configuration.monitoringAddress = address
        let error = await #expect(throws: ConfigurationError.self) {
            _ = try await StyxNode(configuration, logger: NodeFiles.quiet)
        }
        #expect(error?.flag == "monitoring-address")
    }
}
