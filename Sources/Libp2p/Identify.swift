import NIOCore

/// What a node tells about itself: `/ipfs/id/1.0.0` and `/ipfs/id/push/1.0.0`.
///
/// One or more delimited messages, merged: later scalars win, lists append. What we cannot read of an address or
/// a name is skipped, what breaks the message is an error. Source: spec/p2p.md §6.
package struct Identify: Equatable, Sendable {
    package static let protocolID = "/ipfs/id/1.0.0"
    package static let pushProtocolID = "/ipfs/id/push/1.0.0"
    package static let messageBytesMax = 8192
    package static let messagesMax = 10
    /// Ours, over all messages of one stream.
    package static let addressesMax = 32
    package static let protocolsMax = 128
    package static let textBytesMax = 256

    package enum Failure: Error, Equatable, Sendable {
        case malformed
        case tooManyEntries
    }

    /// nil: not told, or no secp256k1 key.
    package var peer: PeerID?
    package var listenAddresses: [Multiaddr] = []
    package var protocols: [String] = []
    /// How the sender sees the receiver.
    package var observedAddress: Multiaddr?
    package var protocolVersion: String?
    package var agentVersion: String?

    package init() {}

    /// One message, without its length prefix. Below 4 KiB for a sensible configuration.
    package func encode() -> [UInt8] {
        var output = ByteBuffer()
        if let peer { ProtobufWriter.bytes(1, peer.keyProtobuf, into: &output) }
        for address in listenAddresses { ProtobufWriter.bytes(2, address.bytes, into: &output) }
        for name in protocols { ProtobufWriter.string(3, name, into: &output) }
        if let observedAddress { ProtobufWriter.bytes(4, observedAddress.bytes, into: &output) }
        if let protocolVersion { ProtobufWriter.string(5, protocolVersion, into: &output) }
        if let agentVersion { ProtobufWriter.string(6, agentVersion, into: &output) }
        return Array(output.readableBytesView)
    }

    /// Merges one message into this value. On error the value is half-changed: drop it.
    package mutating func merge(_ message: ByteBuffer) throws(Failure) {
        var reader = ProtobufReader(message)
        do {
            while let field = try reader.next() {
                switch field {
                case .bytes(let number, let value): try merge(number, value)
                case .varint(1...6, _), .fixed(1...6): throw Failure.malformed
                case .varint, .fixed: break
                }
            }
        } catch let error as Failure { throw error } catch { throw .malformed }
    }

    private mutating func merge(_ number: Int, _ value: ByteBuffer) throws(Failure) {
        switch number {
        case 1: peer = try? PeerID(keyProtobuf: value.readableBytesView)
        case 2:
            guard listenAddresses.count < Self.addressesMax else { throw .tooManyEntries }
            // Transports we do not know are not the sender's fault.
            if let address = try? Multiaddr(bytes: value) { listenAddresses.append(address) }
        case 3:
            guard protocols.count < Self.protocolsMax else { throw .tooManyEntries }
            protocols.append(try text(value))
        case 4: observedAddress = try? Multiaddr(bytes: value)
        case 5: protocolVersion = try text(value)
        case 6: agentVersion = try text(value)
        default: break
        }
    }

    private func text(_ value: ByteBuffer) throws(Failure) -> String {
        guard value.readableBytes <= Self.textBytesMax,
            let text = String(validating: value.readableBytesView, as: UTF8.self)
        else { throw .malformed }
        return text
    }
}
