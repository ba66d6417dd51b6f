import BLS
import Cluster
import Ethereum
import SSZ
import Secp256k1

/// A Charon release to take part in ceremonies with: all operators must agree on it. Source: spec/dkg.md §1, §2.
package enum CeremonyRelease: String, CaseIterable, Sendable {
    /// v1.10.x, and v1.11 up to rc2: reliable broadcast 1.0.0.
    case v1_10 = "v1.10"
    /// v1.11 from rc3 on: reliable broadcast 2.0.0.
    case v1_11 = "v1.11"

    /// Announced to peers, who compare major and minor.
    package var announced: String { rawValue }
}

/// How the keys are made. Source: spec/dkg.md §4.
package enum CeremonyAlgorithm: String, Sendable {
    case frost, pedersen

    /// - Parameter name: of the definition; the default is FROST.
    package init(definition name: String) throws(ClusterError) {
        switch name {
        case "", "default", "frost": self = .frost
        case "pedersen": self = .pedersen
        default:
            throw .field("dkg_algorithm", "unsupported dkg algorithm \"\(name)\": only default, frost and pedersen")
        }
    }
}

/// A key ceremony about to be held: everything is chosen and checked. Nothing in it changes.
package struct CeremonyPlan: Sendable {
    /// Verified, with its hashes.
    package let definition: Definition
    package let network: Network
    package let identity: Secp256k1.PrivateKey
    package let own: ParticipantIndex
    /// Identity keys of all operators, in their order.
    package let operators: [Secp256k1.PublicKey]
    package let algorithm: CeremonyAlgorithm
    package let release: CeremonyRelease
    /// For what others have to say in one phase, while all are there.
    package let timeout: Duration
    /// Shown to other operators.
    package let nickname: String
    /// Whether the lock is verified in full before it is written.
    package let verifiesLock: Bool
    /// Nil for the keys of a new cluster.
    package let edit: CeremonyEdit?

    package var participants: Int { operators.count }
    /// Of the new keys, or of the new shares of old ones.
    package var threshold: Int { edit?.reshare?.threshold ?? definition.threshold }
    package var validators: Int { definition.validators.count }
    package var others: [ParticipantIndex] { operators.indices.filter { $0 != own } }
    /// What sync messages sign and broadcasts are bound to.
    package var session: Root { definition.definitionHash }

    package static let nicknameBytesMax = 32

    package init(
        _ definition: Definition, network: Network, identity: Secp256k1.PrivateKey, release: CeremonyRelease,
        timeout: Duration = .seconds(120), nickname: String = "", verifiesLock: Bool = true
    ) throws(ClusterError) {
        guard definition.version.hasDeposits else {
            throw .field(
                "version",
                "\(definition.version.rawValue) has no place for deposits; a key ceremony needs v1.6.0 or newer")
        }
        guard !definition.validators.isEmpty else { throw .field("num_validators", "is 0; it must be at least 1") }
        guard (2...definition.operators.count).contains(definition.threshold) else {
            throw .field(
                "threshold",
                "\(definition.threshold) is not between 2 and the number of operators, \(definition.operators.count)")
        }
        algorithm = try CeremonyAlgorithm(definition: definition.dkgAlgorithm)
        let hashed = try definition.withHashes()
        operators = try definition.operatorKeys()
        guard let own = operators.firstIndex(of: identity.publicKey) else {
            throw .field(
                "operators",
                "unknown private key provided: it belongs to none of the ENRs in the definition; use the data directory"
                    + " whose ENR you gave to the creator of the definition")
        }
        guard nickname.utf8.count <= Self.nicknameBytesMax else {
            throw .option("--nickname", "longer than \(Self.nicknameBytesMax) bytes")
        }
        // What every operator will have to sign must exist.
        for (v, _) in definition.validators.enumerated() {
            _ = try hashed.depositMessage(v, .zero, .zero)
            _ = try hashed.registration(v, .zero, at: network.genesisTime)
        }
        self.own = own
        self.definition = hashed
        self.network = network
        self.identity = identity
        self.release = release
        self.timeout = timeout
        self.nickname = nickname
        self.verifiesLock = verifiesLock
        edit = nil
    }

    /// For people: an operator by position and name, if there is one.
    package func name(of participant: ParticipantIndex) -> String {
        let reshared = edit?.reshare?.participants[participant].enr
        let item = reshared.map { Operator(enr: $0) } ?? definition.operators[participant]
        let known = item.address.isEmpty ? String(item.enr.prefix(16)) + "…" : item.address
        return "operator \(participant) (\(known))"
    }
}
