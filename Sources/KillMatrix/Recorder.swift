import DutyWorkflow
import Ethereum
import Libp2p
import Node
import PeerProtocols
import Secp256k1
import Synchronization

/// Reads what passes on the wire, and keeps the ledger. It shares the node's codecs and nothing of its state: what it
/// knows it has from bytes that left a node.
package final class Recorder: Sendable {
    private struct State {
        var ledger = Ledger()
        var messages = 0
        /// What was sent and cannot be read, or does not come from whom it says.
        var faults: [String] = []
        /// Handed to a thread, and not in the ledger yet.
        var open = 0
    }

    private static let faultsMax = 64

    private let consensus: ConsensusCodec
    private let partials: ParSigExCodec
    private let threads: CryptoThreads
    private let state = Mutex(State())

    package init(operators: [PublicKey], validators: Set<PubKey>, threads: CryptoThreads) {
        consensus = ConsensusCodec(operators: operators, validators: validators.count)
        partials = ParSigExCodec(validators: validators, nodes: operators.count)
        self.threads = threads
    }

    package var ledger: Ledger { state.withLock { $0.ledger } }
    package var messages: Int { state.withLock { $0.messages } }
    package var faults: [String] { state.withLock { $0.faults } }
    package var isIdle: Bool { state.withLock { $0.open == 0 } }

    package func note(_ statement: Statement) { state.withLock { $0.ledger.note(statement) } }

    package func forget(before slot: Slot) { state.withLock { $0.ledger.forget(before: slot) } }

    /// - Parameters:
    ///   - sender: the node whose connection it came on.
    ///   - life: how often that node had been started.
    func heard(_ bytes: [UInt8], _ protocolID: String, from sender: Int, life: Int, to receiver: Int) {
        state.withLock { state in
            state.messages += 1
            state.open += 1
        }
        threads.submit(.own) { [self] in
            let heard = "node \(sender) in life \(life) to node \(receiver)"
            let result = Result { try read(bytes, protocolID, sender, receiver, heard) }
            state.withLock { state in
                state.open -= 1
                switch result {
                case .success(let statements): for statement in statements { state.ledger.note(statement) }
                case .failure(let error):
                    if state.faults.count < Self.faultsMax { state.faults.append("\(heard): \(protocolID): \(error)") }
                }
            }
        }
    }

    /// A node also shows another what it has of the other's own shares: evidence of what that one signed.
    ///
    /// - Throws: `MessageFault`, also for a share that is neither its sender's nor its receiver's.
    private func read(
        _ bytes: [UInt8], _ protocolID: String, _ sender: Int, _ receiver: Int, _ heard: String
    ) throws -> [Statement] {
        if protocolID == ConsensusProtocol.id {
            return Statement.all(in: try consensus.decode(bytes) { _ in true }, heard: heard)
        }
        let (duty, set) = try partials.decode(bytes) { _ in true }
        let theirs = [sender, receiver].map { ShareIndex(PeerIndex($0)) }
        for partial in set.values where !theirs.contains(partial.shareIndex) {
            throw MessageFault.foreignShare(partial.shareIndex, from: PeerIndex(sender))
        }
        return Statement.all(in: set, of: duty, heard: heard)
    }
}
