import SSZ
import Ethereum

/// Which beacon state a request is about. Source: beacon-APIs, parameter `state_id`.
package enum StateID: Hashable, Sendable, CustomStringConvertible {
    case head
    case genesis
    case finalized
    case justified
    case slot(Slot)
    case root(Root)

    /// The form in paths; nil for anything else, so that no other text reaches a path of ours.
    package init?(_ text: String) {
        switch text {
        case "head": self = .head
        case "genesis": self = .genesis
        case "finalized": self = .finalized
        case "justified": self = .justified
        default:
            if let slot = Slot(decimal: text) {
                self = .slot(slot)
            } else if text.hasPrefix("0x"), let root = try? Root(hex: text) {
                self = .root(root)
            } else {
                return nil
            }
        }
    }

    package var description: String {
        switch self {
        case .head: "head"
        case .genesis: "genesis"
        case .finalized: "finalized"
        case .justified: "justified"
        case .slot(let slot): slot.description
        case .root(let root): root.hex
        }
    }
}
