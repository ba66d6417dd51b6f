import BLS
import BeaconTestSupport
import Cluster
import ClusterSetup
import ClusterTestSupport
import Ethereum
import Logging
import SSZ
import Synchronization
import TestSupport

@testable import Cosigning

/// A cluster of four operators, the service that they leave signatures at, and a beacon node.
struct Scene: Sendable {
    let cluster: SmallCluster
    let api: ObolStandIn
    let chain: StubChain
    let said = Heard()
    private let apiURL: String
    private let beaconURL: String

    /// What commands said.
    final class Heard: Sendable {
        private let lines = Mutex<(said: [String], warned: [String])>(([], []))
        var said: [String] { lines.withLock { $0.said } }
        var warned: [String] { lines.withLock { $0.warned } }
        var notes: CommandNotes {
            CommandNotes(
                say: { line in self.lines.withLock { $0.said.append(line) } },
                warn: { line in self.lines.withLock { $0.warned.append(line) } })
        }
    }

    static func with(
        validators: Int = 1, forkVersion: ForkVersion = Network.hoodi.genesisForkVersion,
        change: (inout ClusterOptions) -> Void = { _ in }, _ body: (Scene) async throws -> Void
    ) async throws {
        let cluster = try SmallCluster("cosigning", nodes: 4, validators: validators, change: change)
        let (api, chain) = (ObolStandIn(cluster), StubChain(cluster.pubKeys, forkVersion: forkVersion))
        try await FakeBeaconNode.with({ api.answer($0) }, { chain.answer($0) }) { service, beacon in
            try await body(
                Scene(cluster: cluster, api: api, chain: chain, apiURL: service.url, beaconURL: beacon.url))
        }
    }

    private init(cluster: SmallCluster, api: ObolStandIn, chain: StubChain, apiURL: String, beaconURL: String) {
        self.cluster = cluster
        self.api = api
        self.chain = chain
        self.apiURL = apiURL
        self.beaconURL = beaconURL
    }

    var pubKeys: [PubKey] { cluster.pubKeys }

    func files(_ node: Int) -> ClusterFiles {
        var files = ClusterFiles()
        files.lockFile = cluster.lockFile(node)
        files.privateKeyFile = cluster.privateKeyFile(node)
        files.validatorKeysDirectory = cluster.keystores(node)
        return files
    }

    /// As one of the operators.
    func acting<R: Sendable>(
        as node: Int, change: (inout ClusterFiles) -> Void = { _ in },
        _ body: (VerifiedCluster, Seat, ObolAPI) async throws -> R
    ) async throws -> R {
        var files = files(node)
        change(&files)
        return try await WebClient.with(patience: 100) { web in
            let cluster = try await VerifiedCluster(files, web: web)
            let api = ObolAPI(try ServiceURL(apiURL + "/v1"), web: web)
            return try await body(cluster, try Seat(cluster, files), api)
        }
    }

    func exits<R: Sendable>(
        as node: Int, change: (inout ClusterFiles) -> Void = { _ in },
        _ body: (Exits, Seat, ObolAPI) async throws -> R
    ) async throws -> R {
        try await acting(as: node, change: change) { cluster, seat, api in
            var nodes = BeaconNodes()
            nodes.endpoints = [beaconURL]
            var logger = Logger(label: "test")
            logger.logLevel = .critical
            return try await nodes.with(logger: logger) { client in
                let chain = try await ExitChain(client, cluster, notes: said.notes)
                return try await body(Exits(cluster, chain, notes: said.notes), seat, api)
            }
        }
    }

    static let epoch = Epoch(194_048)

    /// Operators sign exits and hand them over.
    func sign(_ choice: Exits.Choice, as nodes: [Int], epoch: Epoch = epoch) async throws {
        for node in nodes {
            try await exits(as: node) { exits, seat, api in
                try await exits.sign(
                    choice, epoch: epoch, seat: seat, api: api, now: SmallCluster.now, isDryRun: false)
            }
        }
    }

    /// Whether it is an exit of hoodi, for ever, by the validator itself.
    func isValid(_ exit: SignedVoluntaryExit, of validator: Int) -> Bool {
        guard let keys = try? ClusterKeys(cluster.lock), let signature = try? Signature(exit.signature) else {
            return false
        }
        return keys.validators[validator].publicKey.verify(signature, over: StubChain.signingRoot(exit.message))
    }
}

/// The text of the error.
func message(_ body: () async throws -> Void) async -> String {
    do {
        try await body()
        return "(no error)"
    } catch {
        return "\(error)"
    }
}
