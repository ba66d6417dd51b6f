import Ethereum
import SSZ

/// Where a duty stopped, why, and who had to do with it. `FailureSentence` says it to people.
package struct DutyFailure: Hashable, Sendable {
    /// Who signed for the validators that the duty failed for: in it, or in the duty it needed first.
    package struct Signers: Hashable, Sendable {
        /// Other operators without any signature for them.
        package var silent: [PeerIndex] = []
        /// Whose signatures do not verify.
        package var bad: [PeerIndex] = []
        /// Who signed two messages.
        package var twoFaced: [PeerIndex] = []
        /// Who signed the same message, the largest group first; of the first validator with more than one.
        package var camps: [[PeerIndex]] = []
        /// Signatures, ours included, for the validator with the fewest.
        package var count = 0

        package init() {}
    }

    package var duty: Duty
    package var step: DutyStep
    package var reason: FailureReason
    /// What went wrong at that step last, in the words of who found it; empty if nothing did.
    package var detail: String
    /// Validators that went without, ascending.
    package var missing: [PubKey]
    /// Validators that had this duty.
    package var expected: Int
    package var signers: Signers

    package init(
        _ duty: Duty, step: DutyStep, reason: FailureReason, detail: String = "", missing: [PubKey], expected: Int,
        signers: Signers = Signers()
    ) {
        self.duty = duty
        self.step = step
        self.reason = reason
        self.detail = detail
        self.missing = missing
        self.expected = expected
        self.signers = signers
    }
}

extension DutyFailure: CustomStringConvertible {
    package var description: String {
        "duty \(duty) failed at \(step.name) (\(reason.code)) for \(missing.count) validators"
            + (detail.isEmpty ? "" : ": \(detail)")
    }
}

extension DutyFailure {
    /// The verdict that holds for most of the validators that are missing, of equal ones the earliest; nil when
    /// nothing failed.
    init?(_ record: DutyRecord, own: ShareIndex, shares: [ShareIndex], other: (DutyType) -> DutyRecord?) {
        let missing = record.missing.sorted()
        var found: [Verdict: [PubKey]] = [:]
        for pubKey in missing { found[record.verdict(of: pubKey, own: own, other: other), default: []].append(pubKey) }
        found[.nothingToDo] = nil
        let worst = found.min { (-$0.value.count, $0.key) < (-$1.value.count, $1.key) }
        guard case .failed(let step, let reason)? = worst?.key, let pubKeys = worst?.value else { return nil }
        let guilty = reason.prerequisite.flatMap(other) ?? record
        self.init(
            record.duty, step: step, reason: reason, detail: record.detail(reason, pubKeys), missing: missing,
            expected: record.expected.count,
            signers: Signers(guilty.paths.filter { pubKeys.contains($0.key) }, own: own, shares: shares))
    }
}

extension Verdict: Comparable {
    private var order: (Int, String) {
        switch self {
        case .nothingToDo: (0, "")
        case .failed(let step, let reason): (step.rawValue, reason.rawValue)
        }
    }

    static func < (a: Self, b: Self) -> Bool { a.order < b.order }
}

extension DutyFailure.Signers {
    fileprivate init(_ paths: [PubKey: DutyRecord.Path], own: ShareIndex, shares: [ShareIndex]) {
        let signers = paths.values.reduce(into: Set<ShareIndex>()) { $0.formUnion($1.signers) }
        silent = shares.filter { $0 != own && !signers.contains($0) }.map(\.peer)
        bad = paths.values.reduce(into: Set<ShareIndex>()) { $0.formUnion($1.bad) }.sorted().map(\.peer)
        twoFaced = paths.values.reduce(into: Set<ShareIndex>()) { $0.formUnion($1.twoFaced) }.sorted().map(\.peer)
        silent.removeAll { bad.contains($0) }
        count = paths.values.map(\.signers.count).min() ?? 0
        let split = paths.sorted { $0.key < $1.key }.lazy.map(\.value.split).first { !$0.isEmpty } ?? []
        camps = Dictionary(grouping: split, by: \.root).values.map { $0.map(\.share.peer).sorted() }
            .sorted { (-$0.count, $0[0]) < (-$1.count, $1[0]) }
    }
}

extension DutyRecord {
    /// The words that go with a reason.
    fileprivate func detail(_ reason: FailureReason, _ pubKeys: [PubKey]) -> String {
        switch reason {
        case .signingRefused: return signError ?? ""
        case .bugDutyDBError: return pubKeys.compactMap { paths[$0]?.refusal }.first ?? ""
        case .fetchBNError:
            if case .failed(let why)? = fetch { return why }
            return ""
        default: return pubKeys.compactMap { paths[$0]?.error }.first ?? ""
        }
    }
}
