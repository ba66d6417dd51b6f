import BLS
import Cluster
import Ethereum
import Foundation
import SSZ
import Secp256k1
import TestSupport
import Testing

/// Clusters and files that tests start from. Everything is a function of a seed.
enum Samples {
    /// 2026-11-23T20:59:39Z
    static let now = Instant(unixSeconds: 1_795_467_579)
    static let address = "0x000000000000000000000000000000000000dEaD"

    static func options(nodes: Int = 4, validators: Int = 2) -> ClusterOptions {
        var options = ClusterOptions()
        options.name = "sample <&> cluster"
        options.nodes = nodes
        options.validators = validators
        options.feeRecipients = [address]
        options.withdrawalAddresses = [address]
        options.network = .hoodi
        options.insecureKeys = true
        return options
    }

    static func cluster(nodes: Int = 4, validators: Int = 2, seed: UInt64 = 1) throws -> ClusterCreation {
        if nodes == 4, validators == 2, seed == 1 { return try usual.get() }
        return try newCluster(nodes, validators, seed)
    }

    /// Made once: it takes a while, and many tests start from it.
    private static let usual = Result { try newCluster(4, 2, 1) }

    private static func newCluster(_ nodes: Int, _ validators: Int, _ seed: UInt64) throws -> ClusterCreation {
        var generator = SeededGenerator(seed: seed)
        return try ClusterCreation(options(nodes: nodes, validators: validators), now: now, using: &generator)
    }

    /// The lock of a cluster in another version, with all that the version has: signed anew.
    static func lock(_ version: FileVersion, signed isSigned: Bool = false) throws -> Lock {
        let cluster = try cluster()
        var lock = cluster.lock
        lock.definition.version = version
        if !version.hasTargetGasLimit { lock.definition.targetGasLimit = 0 }
        if isSigned { lock.definition = try signed(lock.definition) }
        for v in lock.validators.indices {
            if !version.hasRegistrations { lock.validators[v].builderRegistration = BuilderRegistration() }
            if !version.hasPartialDeposits { lock.validators[v].partialDeposits.removeFirst() }
            if !version.hasDeposits { lock.validators[v].partialDeposits = [] }
        }
        return try sign(lock, cluster)
    }

    /// New hashes, aggregate and node signatures.
    static func sign(_ lock: Lock, _ cluster: ClusterCreation) throws -> Lock {
        var lock = try lock.withHashes()
        let hash = lock.lockHash
        let hasNodeSignatures = lock.definition.version.hasNodeSignatures
        lock.nodeSignatures = hasNodeSignatures ? cluster.nodes.map { $0.identity.sign(digest: hash).bytes } : []
        lock.signatureAggregate = try BLS.Signature.aggregate(
            cluster.nodes.flatMap(\.shares).map { $0.sign(hash) }
        ).bytes.bytes
        return lock
    }

    /// Signs the definition with fresh accounts, all operators and the creator, as far as its version has them.
    static func signed(_ definition: Definition, seed: UInt64 = 9) throws -> Definition {
        var generator = SeededGenerator(seed: seed)
        var definition = definition
        let accounts = definition.operators.map { _ in Secp256k1.PrivateKey.random(using: &generator) }
        let creator = Secp256k1.PrivateKey.random(using: &generator)
        guard definition.version.hasAccountSignatures else { return definition }
        for (i, account) in accounts.enumerated() {
            definition.operators[i].address = EthereumAddress(account.publicKey).checksummed
        }
        if definition.version.hasCreator {
            definition.creator.address = EthereumAddress(creator.publicKey).checksummed
        }
        definition = try definition.withHashes()
        let chainID = try definition.network(custom: nil).chainID
        let text = definition.configHash.hex
        for (i, account) in accounts.enumerated() {
            let enr = definition.operators[i].enr
            let message = definition.version == .v1_3 ? EIP712.configHash(text) : .operatorConfigHash(text)
            definition.operators[i].configSignature = account.sign(digest: message.digest(chainID: chainID)).bytes
            definition.operators[i].enrSignature = account.sign(digest: EIP712.enr(enr).digest(chainID: chainID)).bytes
        }
        if definition.version.hasCreator {
            let digest = EIP712.creatorConfigHash(text).digest(chainID: chainID)
            definition.creator.configSignature = creator.sign(digest: digest).bytes
        }
        return try definition.withHashes()
    }
}

/// In reach of all files here, whatever they import.
typealias TemporaryDirectory = TestSupport.TemporaryDirectory

extension JSONValue {
    /// The value with another at `path` (names and positions); nil removes the member.
    func replacing(_ path: [String], with new: JSONValue?) -> JSONValue {
        guard let first = path.first else { return new ?? .null }
        let rest = Array(path.dropFirst())
        switch self {
        case .object(var object):
            object[first] = rest.isEmpty ? new : object[first]?.replacing(rest, with: new)
            return .object(object)
        case .array(var items):
            guard let i = Int(first), items.indices.contains(i) else { return self }
            items[i] = items[i].replacing(rest, with: new)
            return .array(items)
        default: return self
        }
    }
}

extension ClusterError {
    /// The field it complains about, nil for other errors.
    var fieldName: String? {
        switch self {
        case .verification(let field, _), .field(let field, _): field
        case .inFile(_, let cause), .document(_, let cause): cause.fieldName
        default: nil
        }
    }
}

extension Definition {
    /// The fields that fail verification, in order.
    var failures: [String] { verification(customNetwork: nil).failures.compactMap(\.fieldName) }
}

extension Lock {
    /// Likewise.
    var failures: [String] { verification(customNetwork: nil).report.failures.compactMap(\.fieldName) }
}

/// One change, and the field a check must complain about after it.
struct Mutation<Value>: Sendable, CustomTestStringConvertible {
    let field: String
    let change: @Sendable (inout Value) -> Void

    init(_ field: String, _ change: @escaping @Sendable (inout Value) -> Void) {
        self.field = field
        self.change = change
    }

    var testDescription: String { field }
}
