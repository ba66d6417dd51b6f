import BLS
import Cluster
import Foundation
import SSZ
import TestSupport
import Testing

@testable import ClusterSetup

@Suite struct TrustedDealerKeymanagerTests {
    private func request(_ servers: [FakeServer], in directory: TemporaryDirectory) -> TrustedDealer.Request {
        var request = Samples.request(nodes: 3, validators: 2, in: directory)
        request.keymanagerAddresses = servers.map(\.url)
        request.keymanagerTokens = servers.indices.map { "token-\($0)" }
        return request
    }

    private func withServers<R: Sendable>(
        _ respond: [FakeServer.Responder], _ body: ([FakeServer]) async throws -> R
    ) async throws -> R {
        try await FakeServer.with(respond[0]) { a in
            try await FakeServer.with(respond[1]) { b in
                try await FakeServer.with(respond[2]) { c in try await body([a, b, c]) }
            }
        }
    }

    private static let good: FakeServer.Responder = { _ in .status(200) }

    @Test("each node's shares go to its keymanager, none to the disk")
    func pushes() async throws {
        let directory = try TemporaryDirectory()
        try await withServers([Self.good, Self.good, Self.good]) { servers in
            let outcome = try await Samples.deal(request(servers, in: directory))
            #expect(!outcome.summary.contains("validator_keys"))
            let lock = try checkNodes(
                directory.file("cluster"), nodes: 3, threshold: 2, validators: 2, keystores: false)
            let keys = try ClusterKeys(lock)
            for (i, server) in servers.enumerated() {
                // The connection test sends nothing.
                #expect(server.calls.map(\.target) == ["/eth/v1/keystores"])
                let call = try #require(server.calls.first)
                #expect(call.authorization == "Bearer token-\(i)")
                let keystores = try #require(call.json["keystores"]?.array).compactMap(\.string)
                let passwords = try #require(call.json["passwords"]?.array).compactMap(\.string)
                let shares = try zip(keystores, passwords).map { keystore, password in
                    try Keystore.decrypt(Array(keystore.utf8), password: Array(password.utf8))
                }
                try keys.verify(shares: shares, ofPeer: i)
            }
        }
        #expect(!directory.names.contains { $0.contains("keystore") || $0.contains("validator_keys") })
    }

    @Test("a keymanager that is not there is found out before anything is sent or written")
    func nobody() async throws {
        let directory = try TemporaryDirectory()
        try await withServers([Self.good, Self.good, Self.good]) { servers in
            var request = request(servers, in: directory)
            request.keymanagerAddresses[2] = deadURL
            let message = await message { try await Samples.deal(request) }
            #expect(message.contains("connect to the keymanager at http://127.0.0.1:1"), "\(message)")
            #expect(servers.allSatisfy { $0.calls.isEmpty })
        }
        #expect(directory.names.isEmpty)
    }

    @Test("when the second refuses, nothing is on disk, and the error says who took keys already")
    func secondRefuses() async throws {
        let directory = try TemporaryDirectory()
        try await withServers([Self.good, { _ in .status(401, "no such token") }, Self.good]) { servers in
            let message = await message { try await Samples.deal(request(servers, in: directory)) }
            #expect(message.contains("node 1: import keystores at \(servers[1].url)"), "\(message)")
            #expect(message.contains("status 401 (no such token); nothing was left on disk."))
            #expect(message.contains("\(servers[0].url), perhaps \(servers[1].url) took keys"))
            #expect(!message.contains("token-"))
            #expect(servers[2].calls.isEmpty)
        }
        #expect(directory.names.isEmpty)
    }

    @Test("interrupted half-way, nothing is left")
    func interrupted() async throws {
        let directory = try TemporaryDirectory()
        let reached = Gate()
        let stuck: FakeServer.Responder = { _ in
            reached.open()
            return .silence
        }
        try await withServers([Self.good, stuck, Self.good]) { servers in
            let request = request(servers, in: directory)
            await withTaskGroup(of: String.self) { group in
                group.addTask { await message { try await Samples.deal(request) } }
                await reached.wait()
                // Everything local is staged by now, out of sight.
                #expect(directory.names.contains { $0.contains(".styx-create") })
                #expect(!directory.names.contains { $0.hasPrefix("cluster/node") })
                group.cancelAll()
                for await message in group { #expect(message.contains("interrupted"), "\(message)") }
            }
        }
        #expect(directory.names.isEmpty)
    }
}
