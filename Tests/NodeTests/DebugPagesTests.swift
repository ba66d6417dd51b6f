import AsyncHTTPClient
import BeaconTestSupport
import Doctor
import NIOCore
import SSZ
import TestSupport
import Testing

@testable import Node

/// The doctor's pages of a whole node.
@Suite("the pages for debugging", .timeLimit(.minutes(2)))
struct DebugPagesTests {
    private let files: NodeFiles

    init() throws { files = try NodeFiles() }

    private static func run(
        _ configuration: NodeConfiguration, _ body: (_ get: (String) async throws -> (Int, String)) async throws -> Void
    ) async throws {
        let (ports, listening) = AsyncStream.makeStream(of: Int.self)
        var hooks = StyxNode.Hooks()
        hooks.debug = { listening.yield($0) }
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
                return (Int(response.status.code), String(buffer: try await response.body.collect(upTo: 1 << 20)))
            }
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    @Test("a node without a beacon node names it; Go's profiles are not here")
    func pages() async throws {
        var configuration = files.configuration
        configuration.debugAddress = "127.0.0.1:0"
        try await Self.run(configuration) { get in
            for path in ["/debug/pprof/", "/debug/pprof/heap", "/debug/pprof/profile"] {
                #expect(try await get(path).0 == 404)
            }
            #expect(try await get("/debug/journal").0 == 503)
            let tasks = try await get("/debug/tasks")
            #expect(tasks.0 == 200)
            #expect(try JSONValue(parsing: tasks.1)["threads"]?.array?.isEmpty == false)
            let dump = try await get("/debug/consensus")
            #expect(dump.0 == 200)
            #expect(try await get("/debug/consensus").0 == 503)
            var report = try DoctorReport(json: try JSONValue(parsing: try await get("/debug/doctor").1))
            while report.checkedAt == nil {
                report = try DoctorReport(json: try JSONValue(parsing: try await get("/debug/doctor").1))
            }
            #expect(report.hasErrors)
            #expect(Set(report.entries.map(\.id)).isSuperset(of: ["beacon-node-unreachable", "peers-below-quorum"]))
        }
    }
}

@Suite("a node that does not run", .timeLimit(.minutes(2)))
struct OfflineExaminationTests {
    private let files: NodeFiles

    init() throws { files = try NodeFiles() }

    private static func ids(_ configuration: NodeConfiguration) async -> Set<String> {
        let report = await OfflineExamination(configuration, logger: NodeFiles.quiet).report()
        // How fast and full this machine is is not this test's.
        return Set(report.entries.map(\.id)).subtracting(["disk-slow", "disk-full", "memory-low"])
    }

    @Test("good files and free ports are no finding, a dead beacon node is")
    func files() async throws {
        var configuration = files.configuration
        #expect(await Self.ids(configuration) == ["beacon-node-unreachable"])
        configuration.beaconNodeEndpoints = []
        configuration.signing = .keystores
        #expect(await Self.ids(configuration) == [])
    }

    @Test("names what is wrong with each file, and takes nothing")
    func faults() async throws {
        var configuration = files.configuration
        configuration.beaconNodeEndpoints = []
        configuration.journalFile = try files.directory.write("j/bad.sqlite", Array("no journal".utf8))
        #expect(await Self.ids(configuration) == ["journal-file"])
        configuration.privateKeyFile = files.directory.file("nowhere")
        configuration.journalFile = files.directory.file("new.sqlite")
        #expect(await Self.ids(configuration) == ["cluster-files"])
        #expect(!files.directory.names.contains("new.sqlite"))
    }

    @Test("an address that is taken is named with its flag")
    func ports() async throws {
        try await FakeBeaconNode.with({ _ in .json("{}") }) { other in
            var configuration = files.configuration
            configuration.beaconNodeEndpoints = []
            configuration.p2pTCPAddresses = [String(other.url.dropFirst("http://".count))]
            let report = await OfflineExamination(configuration, logger: NodeFiles.quiet).report()
            let taken = report.entries.first { $0.id == "port-in-use" }
            #expect(taken?.sentence.hasPrefix("--p2p-tcp-address 127.0.0.1:") == true && report.hasErrors)
        }
    }
}
