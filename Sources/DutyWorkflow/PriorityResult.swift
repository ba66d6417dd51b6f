import SSZ

/// What a cluster agrees on by its operators' preferences, with the messages it was made of: the value that consensus
/// decides for info-sync duties. Source: protocols.md §7.
package struct PriorityResult: Hashable, Sendable {
    package struct TopicResult: Hashable, Sendable {
        package var topic: PriorityAny
        /// Highest score first.
        package var priorities: [ScoredResult]

        package init(topic: PriorityAny, priorities: [ScoredResult]) {
            self.topic = topic
            self.priorities = priorities
        }
    }

    package struct ScoredResult: Hashable, Sendable {
        package var priority: PriorityAny
        package var score: Int64

        package init(priority: PriorityAny, score: Int64) {
            self.priority = priority
            self.score = score
        }
    }

    /// In the order in which the proposer got them, its own first: so nodes' results differ in their bytes.
    package var messages: [PriorityMessage]
    /// Ordered by the hash of the topic.
    package var topics: [TopicResult]

    package init(messages: [PriorityMessage], topics: [TopicResult]) {
        self.messages = messages
        self.topics = topics
    }

    /// Deterministic protobuf: `msgs = 1`, `topics = 2`; a topic is `topic = 1`, `priorities = 2`; a priority of it
    /// `priority = 1`, `score = 2`.
    package func canonicalBytes() -> [UInt8] {
        var out: [UInt8] = []
        for message in messages { appendField(1, message.canonicalBytes(), to: &out) }
        for result in topics {
            var topic: [UInt8] = []
            appendField(1, result.topic.canonicalBytes(), to: &topic)
            for scored in result.priorities {
                var priority: [UInt8] = []
                appendField(1, scored.priority.canonicalBytes(), to: &priority)
                appendField(2, UInt64(bitPattern: scored.score), to: &priority)
                appendField(2, priority, to: &topic)
            }
            appendField(2, topic, to: &out)
        }
        return out
    }

    /// What of a topic is agreed, most preferred first.
    package func agreed(_ topic: String) -> [String] {
        topics.first { $0.topic.text == topic }?.priorities.compactMap(\.priority.text) ?? []
    }
}
