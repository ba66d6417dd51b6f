import BLS
import BeaconTestSupport
import Cluster
import ClusterTestSupport
import Ethereum
import SSZ
import Synchronization
import TestSupport
import Testing

@testable import Cosigning

@Suite("commands whose key shares are at remote signers", .timeLimit(.minutes(5)))
struct RemoteSharesTests {
    /// A signer of one operator's key shares that notes what it is asked for.
    private final class Signer: Sendable {
        private let keys: [PubKey: SecretKey]
        private let instead: [Int: RemoteShares.Outcome]
        private let seen = Mutex<[RemoteShares.Message]>([])
        var messages: [RemoteShares.Message] { seen.withLock { $0 } }

        init(_ scene: Scene, of node: Int, instead: [Int: RemoteShares.Outcome] = [:]) throws {
            let keys = try KeystoreDirectory.loadSequenced(scene.cluster.keystores(node), concurrency: 1)
            self.keys = Dictionary(uniqueKeysWithValues: keys.map { ($0.publicKey.bytes, $0) })
            self.instead = instead
        }

        var shares: RemoteShares {
            RemoteShares { [self] orders in
                seen.withLock { $0 += orders.map(\.message) }
                return orders.enumerated().map { position, order in
                    if let outcome = instead[position] { return outcome }
                    return keys[order.share.bytes].map { .signature($0.sign(order.root).bytes) } ?? .missing
                }
            }
        }
    }

    private func change(_ signer: Signer, incomplete: Bool = false) -> (inout ClusterFiles) -> Void {
        { files in
            files.remoteShares = signer.shares
            files.validatorKeysDirectory = "/nowhere"
            files.allowsIncompleteKeystores = incomplete
        }
    }

    @Test("exits that two sign remotely and one by keystores make a valid one")
    func exits() async throws {
        try await Scene.with { scene in
            let pubKey = scene.pubKeys[0]
            for node in [0, 1] {
                let signer = try Signer(scene, of: node)
                try await scene.exits(as: node, change: change(signer)) { exits, seat, api in
                    try await exits.sign(
                        .validator(pubKey), epoch: Scene.epoch, seat: seat, api: api, now: SmallCluster.now,
                        isDryRun: false)
                }
                let exit = VoluntaryExit(epoch: Scene.epoch, validatorIndex: StubChain.index(of: 0))
                #expect(
                    signer.messages == [
                        .exit(
                            exit, version: StubChain.capellaVersion, since: .zero,
                            genesisValidatorsRoot: StubChain.genesisValidatorsRoot)
                    ])
            }
            try await scene.sign(.validator(pubKey), as: [2])
            try await scene.exits(as: 3) { exits, seat, api in
                try await exits.broadcast(.validator(pubKey), from: .api(api, seat), isDryRun: false)
            }
            let exit = try #require(scene.chain.exits.first)
            #expect(scene.chain.exits.count == 1 && scene.isValid(exit, of: 0))
        }
    }

    @Test("deposits signed remotely are what keystores sign")
    func deposits() async throws {
        try await Scene.with(validators: 2) { scene in
            for node in 0..<3 {
                let signer = try Signer(scene, of: node)
                try await scene.acting(as: node, change: change(signer)) { cluster, seat, api in
                    try await Deposits(cluster, api, notes: scene.said.notes).sign(
                        scene.pubKeys, withdrawals: [SmallCluster.address], amounts: [32], seat: seat)
                }
                #expect(signer.messages.count == 2)
            }
            let directory = try TemporaryDirectory()
            try await scene.acting(as: 3) { cluster, _, api in
                try await Deposits(cluster, api, notes: scene.said.notes).fetch(scene.pubKeys, to: directory.path)
            }
            let made = try scene.cluster.directory.read("node0/deposit-data.json")
            #expect(try directory.read("deposit-data.json") == made)
        }
    }

    @Test("a share that no signer has, or that is not signed with, hands nothing over, unless it may be missing")
    func missing() async throws {
        try await Scene.with(validators: 2) { scene in
            func sign(_ signer: Signer, incomplete: Bool = false) async -> String {
                await message {
                    try await scene.exits(as: 0, change: change(signer, incomplete: incomplete)) { exits, seat, api in
                        try await exits.sign(
                            .all, epoch: Scene.epoch, seat: seat, api: api, now: SmallCluster.now, isDryRun: false)
                    }
                }
            }
            let lacking = try Signer(scene, of: 0, instead: [1: .missing])
            let refused = await sign(lacking)
            #expect(
                refused.contains("--signer-url") && refused.contains("no remote signer has key share"), "\(refused)")
            #expect(refused.contains(scene.pubKeys[1].hex) && refused.contains("--allow-incomplete-keystores"))
            #expect(!scene.said.said.contains { $0.hasPrefix("signed: ") })
            #expect(await sign(lacking, incomplete: true) == "(no error)")
            #expect(scene.said.said.filter { $0.hasPrefix("signed: ") }.count == 1)
            #expect(scene.said.warned.contains { $0.contains("\(scene.pubKeys[1]) left out") })
            let broken = await sign(try Signer(scene, of: 0, instead: [0: .failed("it is on fire")]), incomplete: true)
            #expect(broken.contains("nothing handed over: it is on fire"), "\(broken)")
        }
    }
}
