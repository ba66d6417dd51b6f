import Ethereum
import SSZ

/// What peers' blocks take until their duty is over. Each is charged to the operator whose share brought it first: the
/// others' shares of it cost a signature.
struct LargeObjects: Sendable {
    private struct Charge: Sendable {
        let key: EntryKey
        let root: Root
        let share: ShareIndex
        let bytes: Int
    }

    private var charges: [Duty: [Charge]] = [:]

    /// - Parameter root: of the message.
    /// - Returns: whether the operator has room for it.
    mutating func take(
        _ data: SignedData, root: Root, of duty: Duty, _ key: EntryKey, from share: ShareIndex, _ held: inout HeldBytes
    ) -> Bool {
        let bytes = data.heldBytes
        guard held.take(bytes, for: share.peer.rawValue) else { return false }
        charges[duty, default: []].append(Charge(key: key, root: root, share: share, bytes: bytes))
        return true
    }

    /// Nobody stands for it any more.
    mutating func release(_ root: Root, of duty: Duty, _ key: EntryKey, _ held: inout HeldBytes) {
        for charge in charges[duty] ?? [] where charge.key == key && charge.root == root {
            held.release(charge.bytes, of: charge.share.peer.rawValue)
        }
        charges[duty]?.removeAll { $0.key == key && $0.root == root }
    }

    mutating func expire(_ duty: Duty, _ held: inout HeldBytes) {
        for charge in charges.removeValue(forKey: duty) ?? [] {
            held.release(charge.bytes, of: charge.share.peer.rawValue)
        }
    }
}
