import Dispatch
import Foundation
import Libp2p
import Logging
import SSZ
import Synchronization

/// Last known addresses of the other operators, kept beside the journal so that a restarted node finds its peers
/// without anybody's help. Losing the file costs nothing but that.
///
/// A peer may change its addresses as often as it likes: that costs a few bytes of memory, and one write per `pause` for
/// all peers together, on a thread of its own.
final class AddressBook: Sendable {
    private static let bytesMax = 1 << 20
    private static let addressesPerPeerMax = 8

    private struct State {
        var entries: [PeerID: [Multiaddr]] = [:]
        /// There is more than the file says.
        var isStale = false
        var isWritePlanned = false
        var isFailing = false
    }

    private let path: String
    private let peers: Set<PeerID>
    private let pause: DispatchTimeInterval
    private let logger: Logger
    private let state: Mutex<State>
    private let queue = DispatchQueue(label: "address book")

    /// A file that cannot be read is started anew.
    ///
    /// - Parameters:
    ///   - peers: whose addresses are kept.
    ///   - pause: from a change to the write, in which others may join it.
    init(path: String, peers: Set<PeerID>, pause: DispatchTimeInterval = .seconds(5), logger: Logger) {
        self.path = path
        self.peers = peers
        self.pause = pause
        self.logger = logger
        var entries: [PeerID: [Multiaddr]] = [:]
        if let data = FileManager.default.contents(atPath: path) {
            if data.count <= Self.bytesMax, let object = (try? JSONValue(parsing: Array(data)))?.object {
                for (name, value) in object.members {
                    guard let peer = try? PeerID(name), peers.contains(peer) else { continue }
                    entries[peer] = (value.array ?? []).prefix(Self.addressesPerPeerMax)
                        .compactMap { $0.string.flatMap { try? Multiaddr($0) } }
                }
            } else {
                logger.warning("address book is unreadable, starting a new one", metadata: ["path": "\(path)"])
            }
        }
        state = Mutex(State(entries: entries))
    }

    subscript(peer: PeerID) -> [Multiaddr] { state.withLock { $0.entries[peer] ?? [] } }

    /// Replaces what is known of a peer. Returns at once; the file follows.
    func note(_ peer: PeerID, _ addresses: [Multiaddr]) {
        guard peers.contains(peer), !addresses.isEmpty else { return }
        let addresses = Array(addresses.prefix(Self.addressesPerPeerMax))
        let needsPlan = state.withLock { state in
            guard state.entries[peer] != addresses else { return false }
            state.entries[peer] = addresses
            state.isStale = true
            defer { state.isWritePlanned = true }
            return !state.isWritePlanned
        }
        if needsPlan { queue.asyncAfter(deadline: .now() + pause) { self.write() } }
    }

    /// Returns when the file says all that is known.
    func flush() async {
        await withCheckedContinuation { continuation in
            queue.async {
                self.write()
                continuation.resume()
            }
        }
    }

    /// On the queue.
    private func write() {
        let entries = state.withLock { state -> [PeerID: [Multiaddr]]? in
            state.isWritePlanned = false
            defer { state.isStale = false }
            return state.isStale ? state.entries : nil
        }
        guard let entries else { return }
        let members = entries.map { ("\($0)", JSONValue.array($1.map { .string("\($0)") })) }
        let object = JSONValue.object(JSONObject(members.sorted { $0.0 < $1.0 }))
        do {
            try Data(object.text(indent: " ").utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
            state.withLock { $0.isFailing = false }
        } catch {
            let isNews = state.withLock { state in
                state.isStale = true
                defer { state.isFailing = true }
                return !state.isFailing
            }
            if isNews { logger.warning("write address book", metadata: ["path": "\(path)", "error": "\(error)"]) }
        }
    }
}
