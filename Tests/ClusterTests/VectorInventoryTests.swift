import BLS
import Cluster
import Ethereum
import SSZ
import TestSupport
import Testing

/// That no vector of cluster files is forgotten, and one that belongs to no other suite.
@Suite struct VectorInventoryTests {
    static let all = Vectors.files(in: "cluster", withExtension: "json")

    /// Definitions and locks of all folders, by content and not by name.
    @Test("every definition and lock among the vectors is looked at by some suite", .enabled(if: !all.isEmpty))
    func inventory() throws {
        let covered = Set(
            DefinitionTests.goldens + DefinitionTests.examples + LockTests.files + LockTests.examples + [
                DefinitionTests.incorrectVersion, "cluster/captured/dkg-v1.10.3/cluster-definition.json",
            ])
        var found = 0
        for path in Self.all {
            guard let object = try Vectors.json(path).object else { continue }
            guard object["cluster_definition"] != nil || object["definition_hash"] != nil else { continue }
            found += 1
            #expect(covered.contains(path), "\(path) is in no suite")
        }
        #expect(found >= 40)
    }

    static let protocols = "cluster/derived/protocol.json"

    @Test("a builder registration has Charon's root and signature", .enabled(if: Vectors.has(protocols)))
    func registration() throws {
        let vector = try #require(Vectors.json(Self.protocols)["builder_registration"])
        let message = try #require(vector["message"])
        func text(_ value: JSONValue, _ name: String) throws -> String { try #require(value[name]?.string) }
        let registration = ValidatorRegistration(
            feeRecipient: try Bytes20(hex: text(message, "fee_recipient")),
            gasLimit: try #require(message["gas_limit"]?.uint64), timestamp: try #require(message["timestamp"]?.uint64),
            pubKey: try Bytes48(hex: text(message, "pubkey")))
        let root = registration.signingRoot(try Bytes4(hex: text(vector, "fork_version")))
        #expect(root == (try hash(vector, "signing_root")))
        let secret = try SecretKey(bytes: Bytes32(hex: text(vector, "secret")).bytes)
        #expect(secret.sign(root).bytes == (try Bytes96(hex: text(vector, "signature"))))
    }
}
