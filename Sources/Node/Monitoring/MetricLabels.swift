import BeaconClient
import DutyWorkflow
import Ethereum
import Libp2p
import Prometheus
import SSZ
import Views

/// Labels of operations.md §9. Their values are of the cluster, of an enumeration or of a table; where they are a peer's
/// or a client's words, few series stay.
enum MetricLabels {
    /// Another operator, or this one: `operator-0` is the lock's first. Charon's word lists are not ours to use.
    struct Peer: Label {
        static let name = "peer"
        let value: String

        init(_ peer: PeerIndex) { value = "operator-\(peer.rawValue)" }
    }

    /// Position in the lock, from 0.
    struct PeerNumber: Label {
        static let name = "peer_idx"
        let value: String

        init(_ peer: PeerIndex) { value = "\(peer.rawValue)" }
    }

    struct Relay: Label {
        static let name = "peer"
        let value: String

        init(_ relay: PeerID) { value = "\(relay)" }
    }

    struct DutyKind: Label {
        static let name = "duty"
        let value: String

        init(_ type: DutyType) { value = type.name }
    }

    struct Reason: Label {
        static let name = "reason"
        let value: String

        init(_ reason: FailureReason) { value = reason.code }
    }

    struct Rank: Label {
        static let name = "rank"
        let value: String

        /// 0 for the biggest group.
        init(_ rank: Int) { value = "\(rank)" }
    }

    /// A protocol's full id, or what carries a connection.
    struct ProtocolName: Label {
        static let name = "protocol"
        let value: String
    }

    /// Of the connection below.
    struct Transport: Label {
        static let name = "transport"
        let value: String
    }

    /// What connections are encrypted by.
    struct Security: Label {
        static let name = "security"
        let value = Upgrade.securityID
    }

    struct Muxer: Label {
        static let name = "muxer"
        let value = Upgrade.muxerID
    }

    /// Whether the muxer took no round of its own.
    struct EarlyMuxer: Label {
        static let name = "early_muxer"
        let value: String

        init(_ isEarly: Bool) { value = "\(isEarly)" }
    }

    struct IPVersion: Label {
        static let name = "ip_version"
        let value: String

        /// - Parameter address: nil of who has none.
        init(_ address: Multiaddr?) {
            switch address?.components.first {
            case .ip4?: value = "ip4"
            case .ip6?: value = "ip6"
            default: value = "unknown"
            }
        }
    }

    /// Who opened a stream.
    struct Direction: Label {
        static let name = "direction"
        let value: String

        init(_ direction: Connection.Direction) { value = direction.rawValue }
    }

    struct TimerStyle: Label {
        static let name = "timer"
        let value: String
    }

    /// Of consensus.
    struct Outcome: Label {
        static let name = "outcome"
        let value: String

        init(isDecided: Bool) { value = isDecided ? "decided" : "timeout" }
    }

    struct Topic: Label {
        static let name = "topic"
        let value: String
    }

    struct PathKind: Label {
        static let name = "type"
        let value: String

        init(_ path: ConnectionPath) { value = path.relay == nil ? "direct" : "relay" }
    }

    /// Of a beacon node, without what may be a secret.
    struct Address: Label {
        static let name = "addr"
        let value: String

        init(_ node: BeaconNodeAddress) { value = node.description }
    }

    struct BeaconNode: Label {
        static let name = "beacon_id"
        let value: String

        init(_ node: BeaconNodeAddress) { value = node.description }
    }

    /// One of our own names.
    struct Endpoint: Label {
        static let name = "endpoint"
        let value: String
    }

    struct ProxyPath: Label {
        static let name = "path"
        let value: String

        init(_ text: String) { value = ProxiedPaths.table[text] }
    }

    struct Status: Label {
        static let name = "status_code"
        let value: String

        /// Three digits, or `other`.
        init(_ status: Int) { value = (100..<600).contains(status) ? "\(status)" : LabelTable.other }
    }

    struct ContentType: Label {
        static let name = "content_type"
        let value: String
    }

    struct UserAgent: Label {
        static let name = "user_agent"
        let value: String
    }

    struct Version: Label {
        static let name = "version"
        let value: String
    }

    struct GitHash: Label {
        static let name = "git_hash"
        let value: String
    }

    struct Client: Label {
        static let name = "dv_client"
        let value: String
    }

    struct Nickname: Label {
        static let name = "peer_nickname"
        let value: String
    }

    struct PeerName: Label {
        static let name = "peer_name"
        let value: String
    }

    struct NetworkName: Label {
        static let name = "network"
        let value: String
    }

    struct PubKeyFull: Label {
        static let name = "pubkey_full"
        let value: String

        init(_ pubKey: PubKey) { value = "\(pubKey)" }
    }

    /// Short: the first and last three digits.
    struct PubKeyShort: Label {
        static let name = "pubkey"
        let value: String

        init(_ pubKey: PubKey) {
            let digits = "\(pubKey)".dropFirst(2)
            value = "\(digits.prefix(3))_\(digits.suffix(3))"
        }
    }

    struct ValidatorState: Label {
        static let name = "status"
        let value: String
    }

    struct FeatureName: Label {
        static let name = "feature_flags"
        let value: String
    }

    /// Of the log.
    struct LogTopic: Label {
        static let name = "topic"
        let value: String
    }

    /// Of a client's process.
    struct Component: Label {
        static let name = "component"
        let value: String
    }

    struct Parameters: Label {
        static let name = "cli_parameters"
        let value: String
    }

    /// Words of another program, for a label: printable, and cut to size.
    static func printable(_ text: String, charactersMax: Int = 128) -> String {
        PlainText.cleaned(text, charactersMax: charactersMax)
    }
}
