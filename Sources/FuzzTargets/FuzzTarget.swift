/// One decoder, or one machine that eats a peer's bytes, under arbitrary input.
///
/// A target accepts the bytes or gives a typed error. Anything else is a bug: a trap, a failed `precondition` of the
/// target, a run of more than a second. The raw value names the target on the command line and its corpus folder.
package enum FuzzTarget: String, CaseIterable, Sendable {
    // SSZ and JSON.
    case ssz
    case json
    case beaconBody = "beacon-body"
    case apiParameter = "api-parameter"
    case serverSentEvents = "sse"
    case signerAnswer = "signer-answer"
    // Peer protocols.
    case wireValue = "wire-value"
    case consensus
    case parSigEx = "parsigex"
    case peerInfo = "peerinfo"
    case priority
    case workflow
    // libp2p.
    case noiseHandshake = "noise-handshake"
    case noisePayload = "noise-payload"
    case noiseFrames = "noise-frames"
    case upgrade
    case yamux
    case multistream
    case delimited
    case identify
    case circuit
    case voucher
    case relayAnswer = "relay-answer"
    case multiaddr
    case peerID = "peer-id"
    // Files and flags.
    case enr
    case rlp
    case clusterFile = "cluster-file"
    case keystore
    case interchange
    case timestamp
    case duration
    case registrationOverrides = "registration-overrides"
    // Key ceremonies.
    case ceremonyMessage = "ceremony-message"
    case ceremonySync = "ceremony-sync"
    case ceremonyEvents = "ceremony-events"

    /// Longer input is cut: what grows with it is bounded by constants that far smaller input reaches.
    package static let bytesMax = 1 << 16

    /// Feeds the bytes to the decoder and checks what must hold of its answer.
    ///
    /// - Returns: a rough word for what happened; inputs that give a new one are worth keeping.
    @discardableResult
    package func run(_ bytes: [UInt8]) -> String {
        let bytes = bytes.count <= Self.bytesMax ? bytes : Array(bytes.prefix(Self.bytesMax))
        return switch self {
        case .ssz: SSZFuzz.containers(bytes)
        case .json: JSONFuzz.parser(bytes)
        case .beaconBody: BeaconFuzz.body(bytes)
        case .apiParameter: BeaconFuzz.parameter(bytes)
        case .serverSentEvents: BeaconFuzz.events(bytes)
        case .signerAnswer: SignerFuzz.answer(bytes)
        case .wireValue: PeerFuzz.wireValue(bytes)
        case .consensus: PeerFuzz.consensus(bytes)
        case .parSigEx: PeerFuzz.parSigEx(bytes)
        case .peerInfo: PeerFuzz.peerInfo(bytes)
        case .priority: PriorityFuzz.priority(bytes)
        case .workflow: WorkflowFuzz.events(bytes)
        case .noiseHandshake: NoiseFuzz.handshake(bytes)
        case .noisePayload: NoiseFuzz.payload(bytes)
        case .noiseFrames: NoiseFuzz.frames(bytes)
        case .upgrade: NoiseFuzz.upgrade(bytes)
        case .yamux: YamuxFuzz.session(bytes)
        case .multistream: StreamFuzz.multistream(bytes)
        case .delimited: StreamFuzz.delimited(bytes)
        case .identify: StreamFuzz.identify(bytes)
        case .circuit: RelayFuzz.messages(bytes)
        case .voucher: RelayFuzz.voucher(bytes)
        case .relayAnswer: RelayFuzz.answer(bytes)
        case .multiaddr: NameFuzz.multiaddr(bytes)
        case .peerID: NameFuzz.peerID(bytes)
        case .enr: NameFuzz.enr(bytes)
        case .rlp: NameFuzz.rlp(bytes)
        case .clusterFile: FileFuzz.clusterFile(bytes)
        case .keystore: FileFuzz.keystore(bytes)
        case .interchange: FileFuzz.interchange(bytes)
        case .timestamp: FileFuzz.timestamp(bytes)
        case .duration: FileFuzz.duration(bytes)
        case .registrationOverrides: FileFuzz.registrationOverrides(bytes)
        case .ceremonyMessage: CeremonyFuzz.message(bytes)
        case .ceremonySync: CeremonyFuzz.sync(bytes)
        case .ceremonyEvents: CeremonyEventFuzz.events(bytes)
        }
    }

    /// Whether the input is text, and its corpus files end in `json`.
    package var isJSON: Bool {
        switch self {
        case .json, .keystore, .interchange, .registrationOverrides: true
        default: false
        }
    }
}

/// What became of a decoder: `body`'s word, or what is constant in the error's text.
func outcome(_ body: () throws -> String) -> String {
    do { return try body() } catch { return word(error) }
}

/// The letters g to z of an error up to what it quotes: no digits, no hex.
func word(_ error: any Error) -> String {
    let letters = "\(error)".utf8.lazy.prefix { $0 != 0x22 && $0 != 0x28 }.filter { (0x67...0x7a).contains($0) }.prefix(
        48)
    return String(decoding: Array(letters), as: UTF8.self)
}
