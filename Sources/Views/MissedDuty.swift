import DutyWorkflow
import Ethereum

/// A duty, or a stretch of slots, that came to nothing: why, who has to look, and what to do.
struct MissedDuty: Hashable, Sendable {
    /// Of each text, in characters.
    static let textMax = 400

    let at: Instant
    /// The first one.
    let slot: Slot
    /// Nil for whole slots.
    let type: DutyType?
    let layer: Layer
    let peers: [PeerIndex]
    let reason: String
    /// What was missed.
    let subject: String
    let cause: String
    let cure: String

    init(_ failure: DutyFailure, in view: ClusterView, at now: Instant) {
        let sentence = FailureSentence(failure, in: view)
        self.init(
            at: now, slot: failure.duty.slot, type: failure.duty.type, layer: failure.layer(in: view),
            peers: sentence.guilty, reason: failure.reason.rawValue, subject: sentence.subject,
            cause: sentence.cause, cure: sentence.cure)
    }

    /// Slots whose duties were never begun.
    init(slots: ClosedRange<Slot>, duties: Int?, why: String, at now: Instant) {
        let count = duties.map { $0 == 1 ? "1 duty" : "\($0) duties" } ?? "Duties"
        let place =
            slots.lowerBound == slots.upperBound
            ? "slot \(slots.lowerBound)" : "slots \(slots.lowerBound) to \(slots.upperBound)"
        self.init(
            at: now, slot: slots.lowerBound, type: nil, layer: .machine, peers: [], reason: "never_begun",
            subject: "\(count) of \(place) missed", cause: why,
            cure: "keep this machine and its beacon node running, and look at their load")
    }

    private init(
        at: Instant, slot: Slot, type: DutyType?, layer: Layer, peers: [PeerIndex], reason: String,
        subject: String, cause: String, cure: String
    ) {
        self.at = at
        self.slot = slot
        self.type = type
        self.layer = layer
        self.peers = peers
        self.reason = reason
        self.subject = PlainText.cleaned(subject, charactersMax: Self.textMax)
        self.cause = PlainText.cleaned(cause, charactersMax: Self.textMax)
        self.cure = PlainText.cleaned(cure, charactersMax: Self.textMax)
    }

    /// At most, in bytes: four for each character.
    var heldBytes: Int { 256 + subject.utf8.count + cause.utf8.count + cure.utf8.count + 8 * peers.count }
}
