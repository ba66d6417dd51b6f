import Ethereum
import QBFT
import SSZ

/// A second, different value for something of which there may be only one.
package struct JournalConflict: Error, Hashable, Sendable, CustomStringConvertible {
    /// What there may be only one of.
    package enum Subject: String, Sendable {
        case vote = "vote"
        case value = "consensus value"
        case unsigned = "unsigned value"
        case ownPartial = "own partial signature"
        case aggregated = "aggregated signature"
        case watermark = "attestation at a target epoch"
        case proposal = "block of a slot"
        case plannedSwitch = "end of a planned switch"
    }

    package let subject: Subject
    /// nil for a watermark and a planned switch, which span duties.
    package let duty: Duty?
    /// nil for votes, values and switches, which are of the whole cluster.
    package let pubKey: PubKey?
    /// What tells the values apart.
    package let detail: String

    package init(_ subject: Subject, _ duty: Duty?, _ pubKey: PubKey? = nil, detail: String) {
        self.subject = subject
        self.duty = duty
        self.pubKey = pubKey
        self.detail = detail
    }

    package var description: String {
        let places = [duty.map { "duty \($0)" }, pubKey.map { "validator \($0)" }].compactMap(\.self)
        return "refuse a second, different \(subject.rawValue): \((places + [detail]).joined(separator: ", "))"
    }
}

extension JournalConflict {
    package static func vote(_ duty: Duty, _ vote: QBFT.Message) -> Self {
        Self(.vote, duty, detail: "kind \(vote.kind.rawValue), round \(vote.round), value \(vote.value)")
    }

    package static func firstStays(_ subject: Subject, _ duty: Duty, _ pubKey: PubKey) -> Self {
        Self(subject, duty, pubKey, detail: "the first stays")
    }

    package static func ownPartial(_ duty: Duty, _ pubKey: PubKey, _ share: ShareIndex) -> Self {
        Self(.ownPartial, duty, pubKey, detail: "share index \(share)")
    }

    package static func watermark(_ pubKey: PubKey, _ new: ProposalWatermark) -> Self {
        Self(.proposal, nil, pubKey, detail: "slot \(new.slot.rawValue), root \(new.root)")
    }

    package static func watermark(_ pubKey: PubKey, _ new: AttestationWatermark) -> Self {
        Self(.watermark, nil, pubKey, detail: "target epoch \(new.target.rawValue), data root \(new.dataRoot)")
    }
}
