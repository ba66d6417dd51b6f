import Cluster
import DutyWorkflow
import Ethereum
import Foundation
import Libp2p
import PeerProtocols
import SSZ

/// The page `/debug/peers`: what this node knows of the other operators, of relays and of other guests.
///
/// Durations are decimal milliseconds, times RFC 3339; what is not known is null.
struct PeerView {
    let directory: PeerDirectory
    let statuses: [PeerStatus]
    let reports: [PeerIndex: PeerReport]
    let relays: [RelayStatus]
    let faults: [PeerFaultCount]
    /// Messages not taken, by kind; nil for guests.
    let refusals: [PeerIndex?: [String: UInt64]]
    let listening: [Multiaddr]

    var json: JSONValue {
        let operators = statuses.filter { directory.index(of: $0.peer) != nil }
        let guests = statuses.filter { directory.index(of: $0.peer) == nil && !$0.isRelay }
        let unknown = faults.filter { $0.peer == nil }
        return .object(
            JSONObject([
                (
                    "self",
                    [
                        "index": JSONValue(directory.own.rawValue),
                        "peer_id": .string("\(directory[directory.own])"),
                        "listening": .array(listening.map { .string("\($0)") }),
                    ]
                ),
                ("connected", JSONValue(operators.count(where: \.isConnected))),
                ("operators", .array(operators.map(describe))),
                ("relays", .array(relays.map(describe))),
                ("others", .array(guests.map(describe))),
                ("faults_before_authentication", counts(unknown)),
                ("refused_messages_of_others", counts(refusals[nil])),
            ]))
    }

    private func describe(_ status: PeerStatus) -> JSONValue {
        let index = directory.index(of: status.peer)
        let report = index.flatMap { reports[$0] }
        return .object(
            JSONObject([
                ("index", index.map { JSONValue($0.rawValue) } ?? .null),
                ("peer_id", .string("\(status.peer)")),
                ("connected", .bool(status.isConnected)),
                ("path", text(status.path.map { $0.relay == nil ? "direct" : "relay" })),
                ("through_relay", text(status.path?.relay.map { "\($0)" })),
                ("connections", .array(status.links.map(describe))),
                ("round_trip_ms", milliseconds(status.rtt)),
                ("agent", text(status.agentVersion)),
                ("client", text(report?.client)),
                ("version", text(report?.version)),
                ("nickname", text(report?.nickname)),
                ("started_at", text(report.map { RFC3339.seconds($0.startedAt) })),
                ("clock_offset_ms", milliseconds(report?.clockOffset)),
                ("same_cluster", report.map { .bool($0.lockHashMatches) } ?? .null),
                ("known_addresses", .array(status.knownAddresses.map { .string("\($0)") })),
                ("last_failure", text(status.lastFailure.map { "\($0)" })),
                ("faults", counts(faults.filter { $0.peer == status.peer })),
                ("refused_messages", counts(index.flatMap { refusals[$0] })),
            ]))
    }

    private func describe(_ relay: RelayStatus) -> JSONValue {
        [
            "peer_id": .string("\(relay.relay)"), "connected": .bool(relay.isConnected),
            "reserved_until": text(
                relay.reservedUntil.map { RFC3339.seconds(Instant(unixSeconds: $0)) }),
            "problem": text(relay.problem), "round_trip_ms": milliseconds(relay.rtt),
            "addresses": .array(relay.addresses.map { .string("\($0)") }),
            "peers": .array(relay.circuits.map { .string("\($0)") }),
            "last_failure": text(relay.lastFailure.map { "\($0)" }),
        ]
    }

    private func describe(_ link: PeerStatus.Link) -> JSONValue {
        [
            "address": text(link.address.map { "\($0)" }), "direction": .string(link.direction.rawValue),
            "path": .string(link.path.relay == nil ? "direct" : "relay"),
            "streams": JSONValue(link.streams), "bytes_received": JSONValue(link.bytesReceived),
            "bytes_sent": JSONValue(link.bytesSent),
        ]
    }

    private func counts(_ faults: [PeerFaultCount]) -> JSONValue {
        .object(
            JSONObject(
                faults.sorted { $0.fault.rawValue < $1.fault.rawValue }.map { ($0.fault.rawValue, JSONValue($0.count)) }
            ))
    }

    private func counts(_ refusals: [String: UInt64]?) -> JSONValue {
        .object(JSONObject((refusals ?? [:]).sorted { $0.key < $1.key }.map { ($0.key, JSONValue($0.value)) }))
    }

    private func text(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }

    private func milliseconds(_ duration: Duration?) -> JSONValue {
        guard let duration else { return .null }
        return .number(String(format: "%.3f", duration / .milliseconds(1)))
    }
}
