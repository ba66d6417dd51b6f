import Ethereum
import SSZ

/// Which block a request is about. Source: beacon-APIs, parameter `block_id`.
package enum BlockID: Hashable, Sendable, CustomStringConvertible {
    case head
    case slot(Slot)
    case root(Root)

    package var description: String {
        switch self {
        case .head: "head"
        case .slot(let slot): slot.description
        case .root(let root): root.hex
        }
    }
}
