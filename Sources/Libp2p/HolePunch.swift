import NIOCore

/// Two peers that reach each other through a relay agree to dial at the same moment: `/libp2p/dcutr`.
/// Source: libp2p relay/DCUtR.md.
package struct HolePunch: Equatable, Sendable {
    package static let protocolID = "/libp2p/dcutr"
    package static let messageBytesMax = 4096

    package enum Kind: UInt64, Sendable {
        case connect = 100
        case sync = 300
    }

    package var kind: Kind
    /// Where the sender believes to be reached: those we can read.
    package var addresses: [Multiaddr] = []

    package init(_ kind: Kind, addresses: [Multiaddr] = []) {
        self.kind = kind
        self.addresses = addresses
    }

    /// Without its length prefix.
    package func encode() -> [UInt8] {
        var output = ByteBuffer()
        ProtobufWriter.varint(1, kind.rawValue, into: &output)
        for address in addresses { ProtobufWriter.bytes(2, address.bytes, into: &output) }
        return Array(output.readableBytesView)
    }

    package init(_ bytes: [UInt8]) throws(Circuit.Failure) {
        guard bytes.count <= Self.messageBytesMax else { throw .tooLong }
        var kind: Kind?
        var list = CircuitAddresses()
        var fields = CircuitFields(bytes)
        while let field = try fields.next() {
            switch field {
            case .varint(1, let value) where kind == nil:
                guard let known = Kind(rawValue: value) else { throw .unknownKind(value) }
                kind = known
            case .bytes(2, let value): try list.append(value)
            case .varint(1...2, _), .bytes(1, _), .fixed(1...2): throw .malformed
            case .bytes, .varint, .fixed: break
            }
        }
        guard let kind else { throw .missing(field: 1) }
        self.kind = kind
        addresses = list.known
    }
}
