import Ethereum

/// What was handed in, and whether the chain took it.
extension Workflow {
    mutating func lookFor(_ duty: Duty, _ set: SignedDataSet, _ now: Instant) -> [Signal] {
        guard configuration.included.contains(duty.type) else { return [] }
        var submissions: [PubKey: Submission] = [:]
        for (key, data) in set {
            let definition = dutyDB.definition(duty, key.pubKey) ?? scheduler.definitions(of: duty)?[key.pubKey]
            submissions[key.pubKey] = Submission(data, definition)
        }
        inclusion.submitted(duty, submissions)
        return track(duty, .submitted(Set(submissions.keys)), now)
    }

    mutating func found(_ outcomes: [Duty: [PubKey: InclusionOutcome]]) -> [Signal] {
        outcomes.sorted { $0.key < $1.key }.flatMap { tracker.found($0.key, $0.value) }.map { .perform(.report($0)) }
    }
}
