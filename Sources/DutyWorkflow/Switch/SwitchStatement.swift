import Ethereum
import SSZ

/// What an operator says of a plan, in topic `styx/switch` of a priority message: `<plan>` before the deciding duty is
/// over, `<plan>/<word>` afterwards. The message is signed with the operator's identity key.
enum SwitchStatement {
    static let topic = "styx/switch"

    /// After the deciding duty. All but the last two are promises: that the duty is over for whoever says it, and which
    /// COMMITs it has sent in it for good.
    enum Word: String, CaseIterable, Sendable {
        /// None for a value that confirms the switch.
        case open
        /// Some, and none for another value.
        case locked
        /// For both: it speaks for nothing.
        case torn
        case off
        case on

        init?(_ stage: SwitchStage) {
            switch stage {
            case .noted, .announced, .declined, .committed, .divided: return nil
            case .open: self = .open
            case .locked: self = .locked
            case .torn: self = .torn
            case .calledOff: self = .off
            case .confirmed, .entered: self = .on
            }
        }
    }

    static func announcement(of plan: SwitchPlan) -> PriorityMessage.TopicProposal {
        proposal(Hex.encodeBare(plan.id.bytes))
    }

    static func proposal(_ word: Word, on plan: SwitchPlan) -> PriorityMessage.TopicProposal {
        proposal(Hex.encodeBare(plan.id.bytes) + "/" + word.rawValue)
    }

    static func isAnnouncement(of plan: SwitchPlan, _ message: PriorityMessage) -> Bool {
        texts(message).contains(Hex.encodeBare(plan.id.bytes))
    }

    /// Usually one; a liar may say several.
    static func words(on plan: SwitchPlan, in message: PriorityMessage) -> Set<Word> {
        let prefix = Hex.encodeBare(plan.id.bytes) + "/"
        return Set(
            texts(message).filter { $0.hasPrefix(prefix) }.compactMap {
                Word(rawValue: String($0.dropFirst(prefix.count)))
            })
    }

    private static func texts(_ message: PriorityMessage) -> [String] {
        message.topics.first { $0.topic.text == topic }?.priorities.compactMap(\.text) ?? []
    }

    private static func proposal(_ text: String) -> PriorityMessage.TopicProposal {
        .init(topic: PriorityAny(topic), priorities: [PriorityAny(text)])
    }
}
