/// Tells when another operator stays away for long, and when it is back: each once.
struct AttendanceWatch: Sendable {
    /// Duties in a row without any signature of an operator, until it is told.
    static let duties = 4

    private let own: ShareIndex
    private var missed: [ShareIndex: Int] = [:]

    init(own: ShareIndex) { self.own = own }

    /// Duties nobody signed say nothing of anybody; nor do those that validator clients do or leave as they are set up.
    mutating func note(_ type: DutyType, _ participation: Participation) -> [Report] {
        guard type.rules.definedBy == type, participation.counts.contains(where: { $0.value.delivered > 0 }) else {
            return []
        }
        let absent = Set(participation.absent)
        var reports: [Report] = []
        for share in participation.counts.keys.sorted() where share != own {
            if absent.contains(share) {
                let count = (missed[share] ?? 0) + 1
                missed[share] = count
                if count == Self.duties { reports.append(.peerAbsent(share.peer, duties: count)) }
            } else if let count = missed.removeValue(forKey: share), count >= Self.duties {
                reports.append(.peerReturned(share.peer, missed: count))
            }
        }
        return reports
    }
}
