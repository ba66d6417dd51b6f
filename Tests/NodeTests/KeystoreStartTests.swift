import BeaconTestSupport
import Cluster
import ClusterTestSupport
import Ethereum
import Foundation
import TestSupport
import Testing

@testable import Node

/// Source: findings/field.md F5.
@Suite("a node with keystores of which one is of no use", .timeLimit(.minutes(2)))
struct KeystoreStartTests {
    enum Damage: CaseIterable {
        case missing, truncated, wrongPassword, noPassword, otherOperator, otherValidator, strayCopy
    }

    private let cluster: SmallCluster

    init() throws { cluster = try SmallCluster("keystores", validators: 3) }

    private func path(_ number: Int, _ suffix: String = "json", of node: Int = 1) -> String {
        "\(cluster.keystores(node))/keystore-insecure-\(number).\(suffix)"
    }

    private func replace(_ path: String, with bytes: [UInt8]) throws {
        let manager = FileManager.default
        if manager.fileExists(atPath: path) { try manager.removeItem(atPath: path) }
        try Data(bytes).write(to: URL(fileURLWithPath: path))
    }

    private func bytes(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: path))) }

    private func damage(_ kind: Damage) throws {
        switch kind {
        case .missing:
            for suffix in ["json", "txt"] { try FileManager.default.removeItem(atPath: path(1, suffix)) }
        case .truncated: try replace(path(1), with: Array(try bytes(path(1)).prefix(100)))
        case .wrongPassword: try replace(path(1, "txt"), with: Array("wrong".utf8))
        case .noPassword: try FileManager.default.removeItem(atPath: path(1, "txt"))
        case .otherOperator:
            for suffix in ["json", "txt"] { try replace(path(1, suffix), with: try bytes(path(1, suffix, of: 2))) }
        case .otherValidator:
            for suffix in ["json", "txt"] { try replace(path(1, suffix), with: try bytes(path(0, suffix))) }
        case .strayCopy:
            let copy = cluster.keystores(1) + "/keystore-insecure-1 copy"
            for suffix in ["json", "txt"] { try replace("\(copy).\(suffix)", with: try bytes(path(1, suffix))) }
        }
    }

    private func openedShares() async throws -> OpenedShares {
        var configuration = NodeFiles.configuration(cluster)
        configuration.signing = .keystores
        let node = try await StyxNode(configuration, logger: NodeFiles.quiet)
        return try #require(try await node.openShares { _, _ in })
    }

    @Test("signs with the others, and names the validator and the file", arguments: Damage.allCases)
    func serves(kind: Damage) async throws {
        try damage(kind)
        let opened = try await openedShares()
        let inventory = KeystoreInventory(opened, validators: cluster.pubKeys)
        let isWhole = kind == .strayCopy
        #expect(Set(opened.keys.keys) == Set(isWhole ? cluster.pubKeys : [cluster.pubKeys[0], cluster.pubKeys[2]]))
        #expect(inventory.missing == (isWhole ? [] : [cluster.pubKeys[1]]) && inventory.total == 3)
        #expect(inventory.useless.count == (kind == .missing ? 0 : 1))
        for useless in inventory.useless {
            #expect(useless.file.hasPrefix(cluster.keystores(1) + "/keystore-insecure-1"))
            #expect(useless.validator == (isWhole ? nil : cluster.pubKeys[1]))
            #expect(useless.reason.contains(useless.file), "\(useless.reason)")
        }
        if kind == .otherOperator {
            #expect(inventory.useless.first?.reason.contains("belongs to operator 2 of validator 1") == true)
        }
    }

    @Test("what is whole has nothing to tell; where no file is of use, the first one's reason ends the node")
    func ends() async throws {
        let inventory = KeystoreInventory(try await openedShares(), validators: cluster.pubKeys)
        #expect(inventory.missing.isEmpty && inventory.useless.isEmpty)
        for number in 0..<3 { try replace(path(number), with: []) }
        let error = await #expect(throws: ClusterError.self) { _ = try await openedShares() }
        #expect(error?.description.contains("keystore-insecure-0.json") == true)
    }
}
