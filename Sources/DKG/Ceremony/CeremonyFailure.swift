/// Why a ceremony ends without a cluster: who, what, what to do.
package struct CeremonyFailure: Error, Sendable, CustomStringConvertible {
    /// Nil where it is nobody's or cannot be told.
    package let culprit: ParticipantIndex?
    /// Nothing can make this ceremony go on: its notes are of no use any more.
    package let isForGood: Bool
    package let description: String

    package init(culprit: ParticipantIndex?, isForGood: Bool, _ description: String) {
        self.culprit = culprit
        self.isForGood = isForGood
        self.description = description
    }

    init(_ fault: CeremonyFault, _ plan: CeremonyPlan) {
        let who = fault.culprit.map(plan.name(of:))
        var text = "\(fault.reason)"
        switch fault.reason {
        case .missing(let message): text = who.map { "\(message.rawValue) not received from \($0)" } ?? text
        case .otherKeyShare(let validator, let other):
            text =
                "validator \(validator): the public key share that \(plan.name(of: other)) announces is not the one"
                + " that this node has for it; that node, this one or a dealer is wrong, and this does not prove which"
        case .evicted: break
        default: text = who.map { "\($0): \(text)" } ?? text
        }
        // The network may have lost what has not come.
        self.init(
            culprit: fault.reason.isAbsence ? nil : fault.culprit, isForGood: true, "\(text); \(fault.reason.cure)")
    }

    init(_ fault: SyncFault, _ plan: CeremonyPlan) {
        let text = "\(plan.name(of: fault.culprit)): \(fault)"
        // Who tells is seldom who did it; the text says what it is about.
        if case .refused = fault {
            self.init(culprit: nil, isForGood: true, text)
        } else {
            self.init(culprit: fault.culprit, isForGood: true, text)
        }
    }
}
