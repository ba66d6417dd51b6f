import Cluster
import Libp2p
import SSZ

/// What a relay's URL answers: its id, and where TCP reaches it.
///
/// Two forms: a node record (`enr:…`) with ip and tcp, or a JSON list of multiaddrs that all end in the same peer id.
/// Entries of the list that cannot be read, and transports other than TCP, are left out. Source: spec/p2p.md §8.1.
package struct RelayAnswer: Equatable, Sendable {
    package static let bodyBytesMax = 1 << 16
    package static let addressesMax = 8

    package let relay: PeerID
    /// Without the id; at least one.
    package let addresses: [Multiaddr]

    package init(relay: PeerID, addresses: [Multiaddr]) {
        self.relay = relay
        self.addresses = addresses
    }

    package init(_ body: [UInt8]) throws(RelayFault) {
        guard body.count <= Self.bodyBytesMax else { throw .tooLong }
        let blank = Set(" \t\r\n".utf8)
        let text = body.drop { blank.contains($0) }
        if text.starts(with: "enr:".utf8) {
            var record = Array(text)
            while let last = record.last, blank.contains(last) { record.removeLast() }
            try self.init(record: String(decoding: record, as: UTF8.self))
        } else {
            try self.init(list: Array(text))
        }
    }

    private init(record text: String) throws(RelayFault) {
        let record: ENR
        do { record = try ENR(text) } catch { throw .record(error) }
        guard let ip = record.ip, let port = record.tcpPort, port > 0,
            let address = try? Multiaddr("/ip4/\(ip)/tcp/\(port)"), !address.isUnspecified
        else { throw .noAddress }
        relay = PeerID(record.publicKey)
        addresses = [address]
    }

    private init(list text: [UInt8]) throws(RelayFault) {
        guard let entries = (try? JSONValue(parsing: text))?.array else { throw .unreadable }
        let known = entries.compactMap { $0.string.flatMap { try? Multiaddr($0) } }
        guard let relay = known.first?.peer else { throw .noPeer }
        guard known.allSatisfy({ $0.peer == relay }) else { throw .severalPeers }
        var usable: [Multiaddr] = []
        for address in known.compactMap(\.transport) where address.endpoint.map({ $0.port > 0 }) == true {
            if !address.isUnspecified, !usable.contains(address), usable.count < Self.addressesMax {
                usable.append(address)
            }
        }
        guard !usable.isEmpty else { throw .noAddress }
        self.relay = relay
        addresses = usable
    }
}

/// Why a relay's URL has not named a relay. For people.
package enum RelayFault: Error, Equatable, Sendable, CustomStringConvertible {
    /// No connection, no answer in time.
    case unreachable(String)
    case status(UInt)
    case tooLong
    case unreadable
    case record(ENRError)
    case noPeer
    case severalPeers
    case noAddress

    /// A server that is down fails in more than one way; that is told once.
    func isSameNews(as other: RelayFault) -> Bool {
        if case (.unreachable, .unreachable) = (self, other) { true } else { self == other }
    }

    package var description: String {
        switch self {
        case .unreachable(let why): "cannot be reached: \(why)"
        case .status(let code): "answers with HTTP status \(code)"
        case .tooLong: "answers with more than \(RelayAnswer.bodyBytesMax) bytes"
        case .unreadable: "answers with neither a node record nor a JSON list of addresses"
        case .record(let error): "answers with a bad node record: \(error)"
        case .noPeer: "answers with addresses that name no peer"
        case .severalPeers: "answers with addresses of more than one relay"
        case .noAddress: "answers without any TCP address"
        }
    }
}
