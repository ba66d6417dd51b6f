/// What became of a duty that is over: for metrics. One for each duty that this node had a part in, after its deadline.
package struct DutyAnalysis: Hashable, Sendable {
    package enum Outcome: Hashable, Sendable {
        case succeeded
        case failed(FailureReason)
        /// Nobody was selected for it, or no validator client ever asks to be.
        case nothingToDo
    }

    package let duty: Duty
    package let outcome: Outcome
    /// That had this duty.
    package let validators: Int
    package let participation: Participation
    /// Whether operators signed different messages.
    package let isInconsistent: Bool
    /// Of each validator whose signature was found in the chain: slots from the duty's to the block's.
    package let inclusionDelays: [UInt64]
    /// Validators whose signature was broadcast and is in no block.
    package let inclusionMissed: Int
}
