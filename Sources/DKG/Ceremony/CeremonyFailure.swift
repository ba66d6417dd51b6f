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
        let who = fault.culprit.map { plan.name(of: $0) + ": " } ?? ""
        self.init(culprit: fault.culprit, isForGood: true, "\(who)\(fault.reason); \(fault.reason.cure)")
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
