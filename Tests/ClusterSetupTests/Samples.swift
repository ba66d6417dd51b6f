import BLS
import Cluster
import ClusterSetup
import Ethereum
import Foundation
import SSZ
import Secp256k1
import TestSupport
import Testing

enum Samples {
    /// 2026-11-23T20:59:39Z
    static let now = Instant(unixSeconds: 1_795_467_579)
    static let address = "0x000000000000000000000000000000000000dEaD"

    /// What the dealer is asked for in most tests.
    static func request(
        nodes: Int = 4, validators: Int = 1, in directory: TemporaryDirectory
    ) -> TrustedDealer.Request {
        var request = TrustedDealer.Request()
        request.cluster.name = "sample"
        request.cluster.nodes = nodes
        request.cluster.validators = validators
        request.cluster.feeRecipients = [address]
        request.cluster.withdrawalAddresses = [address]
        request.cluster.insecureKeys = true
        request.network.name = "hoodi"
        request.directory = directory.file("cluster")
        request.concurrency = 2
        return request
    }

    static func deal(_ request: TrustedDealer.Request) async throws -> TrustedDealer.Outcome {
        try await withWeb { web in try await TrustedDealer(request, now: now, web: web).deal() }
    }

    /// A definition for a trusted dealer, hashed; with a creator's signature if wanted.
    static func definition(
        validators: Int = 1, network: Network = .hoodi, version: FileVersion = .v1_10, signed: Bool = true,
        change: (inout Definition) -> Void = { _ in }
    ) throws -> Definition {
        var definition = Definition()
        definition.version = version
        definition.name = "solo"
        definition.operators = (0..<4).map { _ in Operator() }
        definition.uuid = "5C7D7A1B-6C60-4B3C-9D8A-000000000001"
        definition.timestamp = "2026-11-23T20:59:39Z"
        definition.threshold = 3
        definition.validators = Array(
            repeating: ValidatorAddresses(feeRecipient: address, withdrawal: address), count: validators)
        definition.dkgAlgorithm = "default"
        definition.forkVersion = network.genesisForkVersion
        definition.targetGasLimit = version.hasTargetGasLimit ? 45_000_000 : 0
        change(&definition)
        guard signed else { return try definition.withHashes() }
        var generator = SeededGenerator(seed: 77)
        let creator = Secp256k1.PrivateKey.random(using: &generator)
        definition.creator.address = EthereumAddress(creator.publicKey).checksummed
        definition = try definition.withHashes()
        let digest = EIP712.creatorConfigHash(definition.configHash.hex).digest(chainID: network.chainID)
        definition.creator.configSignature = creator.sign(digest: digest).bytes
        return try definition.withHashes()
    }

    static func secrets(_ count: Int, seed: UInt64 = 5) -> [SecretKey] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { _ in SecretKey.random(using: &generator) }
    }

    static func enrs(_ count: Int, seed: UInt64 = 3) -> [String] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { _ in ENR(signedBy: Secp256k1.PrivateKey.random(using: &generator)).text }
    }
}

/// What every node of a directory made by the dealer must be able to do: load, verify, open its keys, recombine.
@discardableResult
func checkNodes(
    _ directory: String, nodes: Int, threshold: Int, validators: Int, custom: Network? = nil, keystores: Bool = true
) throws -> Lock {
    var shares: [[SecretKey]] = []
    var locks: [Lock] = []
    for i in 0..<nodes {
        let node = "\(directory)/node\(i)"
        let file = try LockFile.load("\(node)/cluster-lock.json", customNetwork: custom)
        locks.append(file.lock)
        #expect(file.lock.definition.threshold == threshold)
        #expect(file.lock.validators.count == validators)
        let identity = try IdentityKeyFile.load("\(node)/charon-enr-private-key")
        #expect(file.keys.peerIndex(of: identity.publicKey) == i)
        guard keystores else { continue }
        let keys = try KeystoreDirectory.loadSequenced("\(node)/validator_keys", concurrency: 2)
        try file.keys.verify(shares: keys, ofPeer: i)
        shares.append(keys)
    }
    let lock = try #require(locks.first)
    #expect(locks.allSatisfy { $0 == lock })
    #expect(lock.verification(customNetwork: custom, deposits: true).report.failures.isEmpty)
    guard keystores else { return lock }
    for v in 0..<validators {
        // The last nodes, so that share indexes are not 1 to t.
        let subset = (nodes - threshold..<nodes).map { ($0 + 1, shares[$0][v]) }
        let secret = try SecretKey.recover(from: Dictionary(uniqueKeysWithValues: subset))
        #expect(secret.publicKey.bytes.bytes == lock.validators[v].publicKey)
    }
    return lock
}

/// Patient, because the machine may be busy: nothing here waits for a time-out that is not meant to come.
func withWeb<R: Sendable>(_ body: (WebClient) async throws -> R) async throws -> R {
    try await WebClient.with(patience: 100, body)
}

/// The text of the error.
func message<R>(_ body: () async throws -> R) async -> String {
    do {
        _ = try await body()
        return "(no error)"
    } catch {
        return "\(error)"
    }
}
