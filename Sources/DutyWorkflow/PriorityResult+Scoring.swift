import Ethereum

extension PriorityResult {
    /// What the first priority of a topic counts; the next ones one less each.
    private static let scoreMax: Int64 = 1000

    /// The result of messages, whatever their order: all but the order of the messages in it is the same.
    ///
    /// - Parameter threshold: a priority stays if about so many operators have it.
    package init(of messages: [PriorityMessage], threshold: Int) throws(PriorityFault) {
        try Self.check(messages)
        var order: [PriorityAny] = []
        var proposals: [PriorityAny: [[PriorityAny]]] = [:]
        for message in messages.sorted(by: { $0.peerID.utf8.lexicographicallyPrecedes($1.peerID.utf8) }) {
            for proposal in message.topics {
                if proposals[proposal.topic] == nil { order.append(proposal.topic) }
                proposals[proposal.topic, default: []].append(proposal.priorities)
            }
        }
        let topics = order.map { (hash: $0.hash, topic: $0) }.sorted { $0.hash < $1.hash }.map { entry in
            TopicResult(topic: entry.topic, priorities: Self.scored(proposals[entry.topic] ?? [], threshold))
        }
        self.init(messages: messages, topics: topics)
    }

    private static func check(_ messages: [PriorityMessage]) throws(PriorityFault) {
        guard let first = messages.first else { throw .noMessages }
        var peerIDs: Set<String> = []
        for message in messages {
            guard message.duty == first.duty else { throw .mixedDuties }
            guard peerIDs.insert(message.peerID).inserted else { throw .repeatedPeer(message.peerID) }
            guard Set(message.topics.map(\.topic)).count == message.topics.count else {
                throw .repeatedTopic(peerID: message.peerID)
            }
            for topic in message.topics {
                guard topic.priorities.count < scoreMax else { throw .tooManyPriorities(peerID: message.peerID) }
                guard Set(topic.priorities).count == topic.priorities.count else {
                    throw .repeatedPriority(peerID: message.peerID)
                }
            }
        }
    }

    /// By score, equals in the order of first appearance.
    private static func scored(_ proposals: [[PriorityAny]], _ threshold: Int) -> [ScoredResult] {
        var order: [PriorityAny] = []
        var scores: [PriorityAny: Int64] = [:]
        for priorities in proposals {
            for (position, priority) in priorities.enumerated() {
                if scores[priority] == nil { order.append(priority) }
                scores[priority, default: 0] += scoreMax - Int64(position)
            }
        }
        let scoreMin = Int64(threshold - 1) * scoreMax
        return order.enumerated()
            .map { (position: $0.offset, result: ScoredResult(priority: $0.element, score: scores[$0.element] ?? 0)) }
            .filter { $0.result.score > scoreMin }
            .sorted { (-$0.result.score, $0.position) < (-$1.result.score, $1.position) }
            .map(\.result)
    }

    /// Whether it says what its messages amount to. Equal scores may stand in any order: Charon before v1.11 does not
    /// keep them in that of appearance.
    func isResult(ofItsMessages threshold: Int) throws(PriorityFault) -> Bool {
        let expected = try PriorityResult(of: messages, threshold: threshold)
        return topics.count == expected.topics.count
            && zip(topics, expected.topics).allSatisfy { mine, theirs in
                let scores = mine.priorities.map(\.score)
                return mine.topic == theirs.topic && mine.priorities.count == theirs.priorities.count
                    && Set(mine.priorities) == Set(theirs.priorities)
                    && zip(scores, scores.dropFirst()).allSatisfy { $0 >= $1 }
            }
    }
}
