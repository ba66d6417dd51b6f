import DutyWorkflow

/// What happened on a peer protocol, for logs and metrics. Nothing waits for whoever listens.
package enum PeerEvent: Sendable {
    /// A message was handed to the peer. `topic` is the label of `p2p_send_duration_seconds`, e.g. `parsigex_attester`.
    case sent(PeerIndex, protocolID: String, topic: String, took: Duration)
    /// `isNews` is false while the peer is known to be failing: log only news.
    case sendFailed(PeerIndex, topic: String, reason: String, isNews: Bool)
    /// A failing peer took three messages in a row.
    case sendRecovered(PeerIndex)
    /// Too many messages wait for this peer; the oldest was given up.
    case sendDropped(PeerIndex, topic: String)
    /// Our own message cannot be encoded: a mistake of this program.
    case unsendable(topic: String, MessageFault)
    /// A peer's message was admitted and delivered.
    case delivered(PeerIndex, topic: String)
    /// A peer's message was dropped. The peer is nil when it is no operator.
    case refused(PeerIndex?, protocolID: String, MessageFault)
    /// A peer sent another operator's share and the configuration lets it.
    case foreignShare(ShareIndex, from: PeerIndex)
}
