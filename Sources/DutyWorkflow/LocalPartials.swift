/// Our own partial signatures of one duty.
package struct LocalPartials: Hashable, Sendable {
    package var duty: Duty
    package var set: ParSignedDataSet

    package init(_ duty: Duty, _ set: ParSignedDataSet) {
        self.duty = duty
        self.set = set
    }
}
