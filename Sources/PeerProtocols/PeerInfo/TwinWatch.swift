import DutyWorkflow
import Ethereum
import Libp2p

/// Notices that one operator's identity runs in two processes: somebody copied a node's directory and started it.
///
/// A process keeps its start time, and a restarted one has a later one. So a start time that comes back after another
/// was seen is another process, wherever it sits; an earlier one from another host is most likely one (a clock that was
/// set back looks the same, once). Bounds: `keptMax` processes of each operator.
package struct TwinWatch: Sendable {
    package struct Process: Hashable, Sendable {
        package let startedAt: Instant
        /// Where it was seen first; nil if nobody knows.
        package let address: Multiaddr?
    }

    /// Two processes with the identity of one operator.
    package struct Twins: Hashable, Sendable {
        package let one: Process
        package let other: Process
    }

    private static let keptMax = 8
    /// By operator; the one seen last is last.
    private var processes: [PeerIndex: [Process]] = [:]

    package init() {}

    /// - Parameters:
    ///   - peer: has proved its identity.
    ///   - startedAt: as it says.
    /// - Returns: nil for all that one process after the other explains.
    package mutating func saw(_ peer: PeerIndex, startedAt: Instant, at address: Multiaddr?) -> Twins? {
        var known = processes[peer] ?? []
        guard let last = known.last, last.startedAt != startedAt else {
            if let last = known.last, last.address == nil {
                known[known.count - 1] = Process(startedAt: startedAt, address: address)
            } else if known.isEmpty {
                known = [Process(startedAt: startedAt, address: address)]
            }
            processes[peer] = known
            return nil
        }
        let earlier = known.firstIndex { $0.startedAt == startedAt }.map { known.remove(at: $0) }
        let process = Process(startedAt: startedAt, address: earlier?.address ?? address)
        processes[peer] = known.suffix(Self.keptMax - 1) + [process]
        let isElsewhere = startedAt < last.startedAt && Self.differ(address, last.address)
        return earlier != nil || isElsewhere ? Twins(one: last, other: process) : nil
    }

    /// By host: the port is another one with each connection.
    private static func differ(_ one: Multiaddr?, _ other: Multiaddr?) -> Bool {
        guard let one, let other else { return false }
        return one.components[0] != other.components[0]
    }
}
