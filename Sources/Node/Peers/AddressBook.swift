import Foundation
import Libp2p
import Logging
import SSZ
import Synchronization

/// Last known addresses of the other operators, kept beside the journal so that a restarted node finds its peers
/// without anybody's help. Losing the file costs nothing but that.
final class AddressBook: Sendable {
    private static let bytesMax = 1 << 20
    private static let addressesPerPeerMax = 8
    private let path: String
    private let logger: Logger
    private let entries: Mutex<[PeerID: [Multiaddr]]>

    /// A file that cannot be read is started anew.
    init(path: String, logger: Logger) {
        self.path = path
        self.logger = logger
        var entries: [PeerID: [Multiaddr]] = [:]
        if let data = FileManager.default.contents(atPath: path) {
            if data.count <= Self.bytesMax, let object = (try? JSONValue(parsing: Array(data)))?.object {
                for (name, value) in object.members {
                    guard let peer = try? PeerID(name) else { continue }
                    entries[peer] = (value.array ?? []).prefix(Self.addressesPerPeerMax)
                        .compactMap { $0.string.flatMap { try? Multiaddr($0) } }
                }
            } else {
                logger.warning("address book is unreadable, starting a new one", metadata: ["path": "\(path)"])
            }
        }
        self.entries = Mutex(entries)
    }

    subscript(peer: PeerID) -> [Multiaddr] { entries.withLock { $0[peer] ?? [] } }

    /// Replaces what is known of a peer, and writes the file if that changed.
    func note(_ peer: PeerID, _ addresses: [Multiaddr]) {
        let addresses = Array(addresses.prefix(Self.addressesPerPeerMax))
        let changed = entries.withLock { entries -> JSONValue? in
            guard !addresses.isEmpty, entries[peer] != addresses else { return nil }
            entries[peer] = addresses
            let members = entries.map { ("\($0)", JSONValue.array($1.map { .string("\($0)") })) }
            return .object(JSONObject(members.sorted { $0.0 < $1.0 }))
        }
        guard let changed else { return }
        do {
            try Data(changed.text(indent: " ").utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            logger.warning("write address book", metadata: ["path": "\(path)", "error": "\(error)"])
        }
    }
}
