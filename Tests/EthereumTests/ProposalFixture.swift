import Ethereum
import SSZ
import Testing

/// One signed proposal of `blocks.json`, of every fork and form.
struct ProposalFixture: Sendable, CustomStringConvertible {
    let fork: ForkName
    let blinded: Bool
    let preset: Preset
    let signedBytes: [UInt8]
    let signedJSON: JSONValue
    let messageRoot: Root

    var description: String { "\(fork)\(blinded ? ", blinded" : "") of \(signedBytes.count) bytes" }

    /// The form that proposals of the fork have: with contents where the fork has them.
    static let all: [ProposalFixture] = {
        let fixtures = (try? ContainerFixture.all(in: "blocks.json")) ?? []
        return fixtures.compactMap { fixture in
            let parts = fixture.container.name.split(separator: "/").map(String.init)
            guard let fork = ForkName(name: parts[0]), let messageRoot = fixture.messageRoot,
                parts[1] != "SignedBeaconBlock" || !fork.hasBlobs
            else { return nil }
            return ProposalFixture(
                fork: fork, blinded: parts[1] == "SignedBlindedBeaconBlock", preset: fixture.preset,
                signedBytes: fixture.ssz, signedJSON: fixture.json, messageRoot: messageRoot)
        }
    }()

    var hasContents: Bool { signedJSON["signed_block"] != nil }

    func read() throws -> VersionedSignedProposal { try read(signedBytes) }

    func read(_ bytes: [UInt8]) throws -> VersionedSignedProposal {
        try VersionedSignedProposal(fork: fork, blinded: blinded, objectBytes: bytes, preset: preset)
    }

    /// The block's own members in the JSON form.
    var blockJSON: JSONValue? { (signedJSON["signed_block"] ?? signedJSON)["message"] }

    /// The unsigned object's JSON form.
    var unsignedJSON: JSONValue? {
        guard let block = blockJSON else { return nil }
        guard let proofs = signedJSON["kzg_proofs"], let blobs = signedJSON["blobs"] else { return block }
        return ["block": block, "kzg_proofs": proofs, "blobs": blobs]
    }
}
