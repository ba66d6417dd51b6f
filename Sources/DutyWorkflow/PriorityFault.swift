/// Why messages give no result.
package enum PriorityFault: Error, Equatable, CustomStringConvertible {
    case noMessages
    /// Messages of different duties.
    case mixedDuties
    /// Two messages of one operator.
    case repeatedPeer(String)
    case repeatedTopic(peerID: String)
    case repeatedPriority(peerID: String)
    case tooManyPriorities(peerID: String)

    package var description: String {
        switch self {
        case .noMessages: "no priorities of anybody"
        case .mixedDuties: "priorities of different duties"
        case .repeatedPeer(let peerID): "two messages of \(peerID)"
        case .repeatedTopic(let peerID): "a topic twice in the message of \(peerID)"
        case .repeatedPriority(let peerID): "a priority twice in one topic of \(peerID)"
        case .tooManyPriorities(let peerID): "too many priorities in one topic of \(peerID)"
        }
    }
}
