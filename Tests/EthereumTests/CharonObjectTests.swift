import Ethereum
import SSZ
import TestSupport
import Testing

/// Charon's own values: JSON and SSZ of one name are the same. Around the object stands a header, see protocols.md
/// §2.5; it is the duty workflow's affair, here only its length counts.
@Suite(.enabled(if: Vectors.has("core/charon-core"), "needs the shared vectors"))
struct CharonObjectTests {
    private func files(_ name: String) throws -> (json: JSONValue, ssz: [UInt8], facts: JSONValue) {
        (
            try Vectors.json("core/charon-core/\(name).json"), try Vectors.data("core/charon-core/\(name).ssz"),
            try Vectors.json("core/charon-core/message_roots.json").member(name)
        )
    }

    @Test func proposal() throws {
        let (json, ssz, facts) = try files("VersionedProposal")
        let object = try VersionedProposal(fork: .fulu, blinded: false, objectBytes: ssz.dropFirst(13))
        #expect(object.objectBytes() == Array(ssz.dropFirst(13)))
        #expect(isSame(object.json, try json.member("block")))
        #expect(try VersionedProposal(fork: .fulu, blinded: false, json: json.member("block")) == object)
        #expect(object.messageRoot.hex == facts["block_message_root"]?.string)
        #expect(object.json["blobs"]?.array?.count == 6)
    }

    @Test func signedProposal() throws {
        let (json, ssz, facts) = try files("VersionedSignedProposal")
        let object = try VersionedSignedProposal(fork: .fulu, blinded: false, objectBytes: ssz.dropFirst(13))
        #expect(object.objectBytes() == Array(ssz.dropFirst(13)))
        #expect(isSame(object.json, try json.member("block")))
        #expect(try VersionedSignedProposal(fork: .fulu, blinded: false, json: json.member("block")) == object)
        #expect(object.messageRoot.hex == facts["block_message_root"]?.string)
        #expect(object.json["blobs"]?.array?.count == facts["n_blobs"]?.integer.map(Int.init))
    }

    /// Charon writes some addresses with the capitals of EIP-55, we write small letters only.
    private func isSame(_ ours: JSONValue, _ golden: JSONValue) -> Bool {
        ours.text() == golden.text().lowercased()
    }

    @Test func aggregateAndProof() throws {
        let (json, ssz, facts) = try files("VersionedSignedAggregateAndProof")
        let object = try VersionedAggregateAndProof(fork: .fulu, objectBytes: ssz.dropFirst(12))
        #expect(object.objectBytes() == Array(ssz.dropFirst(12)))
        #expect(object.json() == json["aggregate_and_proof"])
        #expect(try VersionedAggregateAndProof(fork: .fulu, json: json.member("aggregate_and_proof")) == object)
        #expect(object.messageRoot().hex == facts["message_root"]?.string)
    }

    @Test func syncObjects() throws {
        try check("SignedSyncMessage", SyncCommitteeMessage.self, root: "container_root") { $0.hashTreeRoot() }
        try check("SignedSyncContributionAndProof", SignedContributionAndProof.self, root: "message_root") {
            $0.message.hashTreeRoot()
        }
        try check("SyncContribution", SyncCommitteeContribution.self, root: "root") { $0.hashTreeRoot() }
    }

    private func check<Value: SSZContainer & Equatable>(
        _ name: String, _ type: Value.Type, root: String, _ computed: (Value) -> Root
    ) throws {
        let (json, ssz, facts) = try files(name)
        let value = try Value(ssz: ssz)
        #expect(value.sszBytes() == ssz)
        #expect(value.json() == json)
        #expect(try Value(json: json) == value)
        #expect(computed(value).hex == facts[root]?.string)
    }

    @Test func objectsInJSONAlone() throws {
        func check<Value: SSZContainer>(_ name: String, _ type: Value.Type) throws {
            let json = try Vectors.json("core/charon-core/\(name).json")
            #expect(try Value(json: json).json() == json, "\(name)")
        }
        try check("SignedRandao", SignedEpoch.self)
        try check("BeaconCommitteeSelection", BeaconCommitteeSelection.self)
        try check("SignedVoluntaryExit", SignedVoluntaryExit.self)
    }
}
