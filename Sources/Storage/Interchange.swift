import DutyWorkflow
import Ethereum
import SSZ

/// Slashing protection interchange: EIP-3076, format version 5, in its minimal form (one attestation and one block a
/// validator).
///
/// Pure functions over watermarks. Signing roots are left out when writing and not used when reading: a watermark
/// knows the root of the data, not of the data with its domain.
package enum Interchange {
    private static let version = "5"
    /// Validators in a file, and attestations or blocks of one validator.
    private static let elementsMax = 1_000_000

    package enum ImportError: Error, Equatable, CustomStringConvertible {
        case json(String)
        case version(String)
        case otherChain(expected: Root, found: Root)
        /// A source after its target, or an epoch that no clock reaches.
        case epochs(PubKey, source: Epoch, target: Epoch)
        /// A slot that no clock reaches.
        case slot(PubKey, Slot)
        /// All of its validators are strangers.
        case noneKnown(Int)

        package var description: String {
            let cause =
                switch self {
                case .json(let what): what
                case .version(let found): "format version \(found), expected \(Interchange.version)"
                case .otherChain(let expected, let found):
                    "genesis validators root \(found) is of another chain, expected \(expected)"
                case .epochs(let pubKey, let source, let target):
                    "validator \(pubKey) has an impossible attestation \(source) → \(target)"
                case .slot(let pubKey, let slot): "validator \(pubKey) has a block of the impossible slot \(slot)"
                case .noneKnown(let count):
                    "none of its \(count) public keys is a validator or key share of this cluster"
                }
            return "read EIP-3076 slashing protection: \(cause)"
        }
    }

    /// What an import changes.
    package struct Import: Equatable, Sendable {
        /// Validators whose watermarks rise, with the new ones: to be committed.
        package var raised = SlashingHistory()
        package var validators = 0
        /// Public keys in the file that mean nothing here.
        package var strangers = 0
    }

    /// - Parameter name: the public key under which a validator appears.
    package static func export(
        _ history: SlashingHistory, genesisValidatorsRoot: Root, name: (PubKey) -> PubKey = { $0 }
    ) -> JSONValue {
        let data = history.validators.sorted().map { pubKey -> JSONValue in
            let attestation = history.attestations[pubKey].map { mark -> JSONValue in
                ["source_epoch": mark.source.json(), "target_epoch": mark.target.json()]
            }
            let block = history.proposals[pubKey].map { mark -> JSONValue in ["slot": mark.slot.json()] }
            return [
                "pubkey": name(pubKey).json(),
                "signed_blocks": .array(block.map { [$0] } ?? []),
                "signed_attestations": .array(attestation.map { [$0] } ?? []),
            ]
        }
        return [
            "metadata": [
                "interchange_format_version": .string(version),
                "genesis_validators_root": genesisValidatorsRoot.json(),
            ],
            "data": .array(data),
        ]
    }

    /// The chain that a file says it is of.
    package static func genesisValidatorsRoot(_ bytes: [UInt8]) throws(ImportError) -> Root {
        do {
            let metadata = try JSONValue(parsing: bytes).member("metadata")
            return try metadata.member("genesis_validators_root", Root.init(json:))
        } catch {
            throw .json("\(error)")
        }
    }

    /// Reads a file and merges it into what is there; nothing ever falls.
    ///
    /// - Parameters:
    ///   - validator: whose key this is: a validator's own, or a share that a validator client signed with.
    ///   - mayBeStrange: whether a file without any validator of ours is no error.
    ///
    /// Where a target or a slot rises, its root becomes zero: whatever was signed there, it is not known, so nothing
    /// more may be signed for it.
    package static func read(
        _ bytes: [UInt8], genesisValidatorsRoot: Root, current: SlashingHistory, mayBeStrange: Bool = false,
        validator: (PubKey) -> PubKey? = { $0 }
    ) throws(ImportError) -> Import {
        do {
            let json = try JSONValue(parsing: bytes)
            let metadata = try json.member("metadata")
            let version = try metadata.member("interchange_format_version").string ?? "that is no text"
            guard version == Self.version else { throw ImportError.version(version) }
            let root = try metadata.member("genesis_validators_root", Root.init(json:))
            guard root == genesisValidatorsRoot else {
                throw ImportError.otherChain(expected: genesisValidatorsRoot, found: root)
            }
            let entries = try json.member("data") { data throws(SSZError) in
                try data.elements(limit: elementsMax, Entry.init(json:))
            }
            var merged = current
            var (known, strange): (Set<PubKey>, Set<PubKey>) = ([], [])
            for entry in entries {
                try entry.check()
                guard let pubKey = validator(entry.pubKey) else {
                    strange.insert(entry.pubKey)
                    continue
                }
                known.insert(pubKey)
                for slot in entry.slots { merged.proposals[pubKey] = raise(merged.proposals[pubKey], slot) }
                for vote in entry.votes {
                    merged.attestations[pubKey] = raise(
                        merged.attestations[pubKey], source: vote.source, target: vote.target)
                }
            }
            var result = Import()
            (result.validators, result.strangers) = (known.count, strange.count)
            guard result.validators > 0 || result.strangers == 0 || mayBeStrange else {
                throw ImportError.noneKnown(result.strangers)
            }
            result.raised = SlashingHistory(
                attestations: merged.attestations.filter { current.attestations[$0.key] != $0.value },
                proposals: merged.proposals.filter { current.proposals[$0.key] != $0.value })
            return result
        } catch let error as ImportError {
            throw error
        } catch {
            throw .json("\(error)")
        }
    }

    /// What a file says of one key; a key may come several times.
    private struct Entry {
        let pubKey: PubKey
        let slots: [Slot]
        let votes: [(source: Epoch, target: Epoch)]

        init(json: JSONValue) throws(SSZError) {
            pubKey = try json.member("pubkey", PubKey.init(json:))
            slots = try json.member("signed_blocks") { blocks throws(SSZError) in
                try blocks.elements(limit: Interchange.elementsMax) { block throws(SSZError) in
                    try block.member("slot", Slot.init(json:))
                }
            }
            votes = try json.member("signed_attestations") { votes throws(SSZError) in
                try votes.elements(limit: Interchange.elementsMax) { vote throws(SSZError) in
                    (
                        source: try vote.member("source_epoch", Epoch.init(json:)),
                        target: try vote.member("target_epoch", Epoch.init(json:))
                    )
                }
            }
        }

        /// Whether it can be, and can be kept.
        func check() throws(ImportError) {
            for slot in slots where slot.rawValue > Int64.max { throw .slot(pubKey, slot) }
            for vote in votes where vote.source > vote.target || vote.target.rawValue > Int64.max {
                throw .epochs(pubKey, source: vote.source, target: vote.target)
            }
        }
    }

    private static func raise(_ old: AttestationWatermark?, source: Epoch, target: Epoch) -> AttestationWatermark {
        let new = AttestationWatermark(source: source, target: target, dataRoot: .zero)
        return old?.raised(by: new) ?? new
    }

    private static func raise(_ old: ProposalWatermark?, _ slot: Slot) -> ProposalWatermark {
        let new = ProposalWatermark(slot: slot, root: .zero)
        return old?.raised(by: new) ?? new
    }
}
