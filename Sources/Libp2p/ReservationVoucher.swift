import NIOCore
import Secp256k1

/// A relay's signed statement that it relays for a peer. Advisory: nobody asks for it yet.
/// Source: libp2p relay/circuit-v2.md, "Reservation Vouchers".
package struct ReservationVoucher: Equatable, Sendable {
    package static let domain = "libp2p-relay-rsvp"
    package static let payloadType: [UInt8] = [0x03, 0x02]

    package var relay: PeerID
    package var peer: PeerID
    /// Seconds since 1970.
    package var expiration: UInt64

    package init(relay: PeerID, peer: PeerID, expiration: UInt64) {
        self.relay = relay
        self.peer = peer
        self.expiration = expiration
    }

    /// As `Reservation.voucher` carries it.
    ///
    /// - Parameter key: the relay's.
    package func sealed(with key: PrivateKey) -> [UInt8] {
        var payload = ByteBuffer()
        ProtobufWriter.bytes(1, relay.bytes, into: &payload)
        ProtobufWriter.bytes(2, peer.bytes, into: &payload)
        ProtobufWriter.varint(3, expiration, into: &payload)
        return SignedEnvelope(
            payload: Array(payload.readableBytesView), payloadType: Self.payloadType, domain: Self.domain,
            signedBy: key
        ).encode()
    }

    /// Opens an envelope, and checks that the relay it names has signed it.
    package init(sealed bytes: [UInt8]) throws(SignedEnvelope.Failure) {
        let envelope = try SignedEnvelope(bytes, domain: Self.domain)
        guard envelope.payloadType == Self.payloadType else { throw .otherPayload }
        var relay: PeerID?
        var peer: PeerID?
        var expiration: UInt64?
        do {
            var fields = CircuitFields(envelope.payload)
            while let field = try fields.next() {
                switch field {
                case .bytes(1, let value) where relay == nil: relay = try Self.peer(value)
                case .bytes(2, let value) where peer == nil: peer = try Self.peer(value)
                case .varint(3, let value) where expiration == nil: expiration = value
                case .bytes(1...3, _), .varint(1...3, _), .fixed(1...3): throw Circuit.Failure.malformed
                case .bytes, .varint, .fixed: break
                }
            }
        } catch { throw .malformed }
        guard let relay, let peer, let expiration else { throw .malformed }
        guard relay == envelope.signer else { throw .badSignature }
        self.init(relay: relay, peer: peer, expiration: expiration)
    }

    private static func peer(_ value: ByteBuffer) throws(Circuit.Failure) -> PeerID {
        do { return try PeerID(bytes: value.readableBytesView) } catch { throw .unsupportedPeer }
    }
}
