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
        var generator = SeededGenerator(seed: seed)
        return try ClusterCreation(options(nodes: nodes, validators: validators), now: now, using: &generator)
    }

    /// Signs the definition with fresh accounts, all operators and the creator.
    static func signed(_ definition: Definition, seed: UInt64 = 9) throws -> Definition {
        var generator = SeededGenerator(seed: seed)
        var definition = definition
        let accounts = definition.operators.map { _ in Secp256k1.PrivateKey.random(using: &generator) }
        let creator = Secp256k1.PrivateKey.random(using: &generator)
        for (i, account) in accounts.enumerated() {
            definition.operators[i].address = EthereumAddress(account.publicKey).checksummed
        }
        definition.creator.address = EthereumAddress(creator.publicKey).checksummed
        definition = try definition.withHashes()
        let chainID = try definition.network(custom: nil).chainID
        let text = definition.configHash.hex
        for (i, account) in accounts.enumerated() {
            let enr = definition.operators[i].enr
            definition.operators[i].configSignature =
                account.sign(digest: EIP712.operatorConfigHash(text).digest(chainID: chainID)).bytes
            definition.operators[i].enrSignature = account.sign(digest: EIP712.enr(enr).digest(chainID: chainID)).bytes
        }
        definition.creator.configSignature =
            creator.sign(digest: EIP712.creatorConfigHash(text).digest(chainID: chainID)).bytes
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
        case .inFile(_, let cause): cause.fieldName
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
