/// Who takes part in a FROST key generation, and for how many validators at once.
package struct FrostParameters: Equatable, Sendable {
    package let threshold: Int
    package let participants: Int
    package let validators: Int
    /// Our share index, from 1: the place in the participant list plus one.
    package let own: Int

    /// Share indices enter the proofs as one byte.
    private static let participantsMax = 255
    /// As many as a cluster definition holds.
    private static let validatorsMax = 65536

    /// - Throws: unless 2 <= threshold <= participants <= 255, 1 <= validators <= 65536 and 1 <= own <= participants.
    package init(threshold: Int, participants: Int, validators: Int, own: Int) throws(CeremonyFault) {
        guard (2...Self.participantsMax).contains(participants) else {
            throw CeremonyFault(nil, .parameters("\(participants) operators; FROST takes 2 to \(Self.participantsMax)"))
        }
        guard (2...participants).contains(threshold) else {
            throw CeremonyFault(
                nil,
                .parameters("threshold \(threshold); it must be from 2 to the number of operators, \(participants)"))
        }
        guard (1...Self.validatorsMax).contains(validators) else {
            throw CeremonyFault(nil, .parameters("\(validators) validators; at least 1, at most \(Self.validatorsMax)"))
        }
        guard (1...participants).contains(own) else {
            throw CeremonyFault(nil, .parameters("share index \(own) of \(participants) operators"))
        }
        self.threshold = threshold
        self.participants = participants
        self.validators = validators
        self.own = own
    }

    /// Share indices of all participants.
    var indices: ClosedRange<Int> { 1...participants }
    /// Share indices of all participants but us, ascending.
    var others: [Int] { indices.filter { $0 != own } }

    func fault(_ index: Int, _ reason: CeremonyFault.Reason) -> CeremonyFault { CeremonyFault(index - 1, reason) }

    /// What came from each participant other than us, by validator: all are there, with an entry for each validator.
    func complete<Entry>(
        _ messages: [Int: [Entry]], _ kind: CeremonyFault.Message
    ) throws(CeremonyFault) -> [(index: Int, entries: [Entry])] {
        var complete: [(Int, [Entry])] = []
        for index in others {
            guard let entries = messages[index] else { throw fault(index, .missing(kind)) }
            try checkCount(entries.count, kind, from: index)
            complete.append((index, entries))
        }
        return complete
    }

    func checkCount(_ count: Int, _ kind: CeremonyFault.Message, from index: Int) throws(CeremonyFault) {
        guard count == validators else { throw fault(index, .entryCount(kind, expected: validators, actual: count)) }
    }
}
