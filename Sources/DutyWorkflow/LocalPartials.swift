/// Our own partial signatures of one duty.
package struct LocalPartials: Hashable, Sendable {
    package var duty: Duty
    package var set: ParSignedDataSet

    package init(_ duty: Duty, _ set: ParSignedDataSet) {
        self.duty = duty
        self.set = set
    }
}

/// What became of our own partial signatures of one duty.
package struct LocalVerdict: Hashable, Sendable {
    package var duty: Duty
    /// Why some were not taken, for people; all others are stored and on their way.
    package var refusals: [EntryKey: String]

    package init(_ duty: Duty, refusals: [EntryKey: String] = [:]) {
        self.duty = duty
        self.refusals = refusals
    }
}
