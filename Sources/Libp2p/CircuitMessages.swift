import NIOCore

/// Circuit relay v2: names, limits and the parts its messages share. Source: libp2p relay/circuit-v2.md, spec/p2p.md §8.
package enum Circuit {
    package static let hopProtocolID = "/libp2p/circuit/relay/0.2.0/hop"
    package static let stopProtocolID = "/libp2p/circuit/relay/0.2.0/stop"
    /// One message, without its length prefix.
    package static let messageBytesMax = 4096
    /// Of one list; a message of the largest size could hold hundreds.
    package static let addressesMax = 32
    package static let voucherBytesMax = 1024

    package enum Failure: Error, Equatable, Sendable {
        /// No protobuf, a field of another wire type or out of range, or a singular field twice.
        case malformed
        case missing(field: Int)
        /// A value of an enum that has no such case.
        case unknownKind(UInt64)
        /// Not a secp256k1 peer id.
        case unsupportedPeer
        case tooManyAddresses
        case tooLong
    }
}

/// What a relay, or the peer behind it, answers. Numbers that nobody has defined yet are kept: they are refusals too.
package struct CircuitStatus: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let ok = CircuitStatus(rawValue: 100)
    package static let reservationRefused = CircuitStatus(rawValue: 200)
    package static let resourceLimitExceeded = CircuitStatus(rawValue: 201)
    package static let permissionDenied = CircuitStatus(rawValue: 202)
    package static let connectionFailed = CircuitStatus(rawValue: 203)
    package static let noReservation = CircuitStatus(rawValue: 204)
    package static let malformedMessage = CircuitStatus(rawValue: 400)
    package static let unexpectedMessage = CircuitStatus(rawValue: 401)
}

extension CircuitStatus: CustomStringConvertible {
    package var description: String {
        switch self {
        case .ok: "ok"
        case .reservationRefused: "reservation refused"
        case .resourceLimitExceeded: "resource limit exceeded"
        case .permissionDenied: "permission denied"
        case .connectionFailed: "connection failed"
        case .noReservation: "no reservation"
        case .malformedMessage: "malformed message"
        case .unexpectedMessage: "unexpected message"
        default: "status \(rawValue)"
        }
    }
}

/// Somebody at an end of a circuit. Addresses are for relays that dial, which is deprecated.
package struct CircuitPeer: Equatable, Sendable {
    package var id: PeerID
    /// Those we can read.
    package var addresses: [Multiaddr] = []

    package init(_ id: PeerID, addresses: [Multiaddr] = []) {
        self.id = id
        self.addresses = addresses
    }

    func write(_ number: UInt64, into output: inout ByteBuffer) {
        ProtobufWriter.message(number, into: &output) { body in
            ProtobufWriter.bytes(1, id.bytes, into: &body)
            for address in addresses { ProtobufWriter.bytes(2, address.bytes, into: &body) }
        }
    }

    init(_ message: ByteBuffer) throws(Circuit.Failure) {
        var id: PeerID?
        var list = CircuitAddresses()
        var fields = CircuitFields(message)
        while let field = try fields.next() {
            switch field {
            case .bytes(1, let value) where id == nil:
                do { id = try PeerID(bytes: value.readableBytesView) } catch { throw .unsupportedPeer }
            case .bytes(2, let value): try list.append(value)
            case .bytes(1, _), .varint(1...2, _), .fixed(1...2): throw .malformed
            case .bytes, .varint, .fixed: break
            }
        }
        guard let id else { throw .missing(field: 1) }
        self.id = id
        addresses = list.known
    }
}

/// A relay's promise to let others reach us.
package struct Reservation: Equatable, Sendable {
    /// When it ends, in seconds since 1970.
    package var expire: UInt64
    /// Of the relay, each ending in its peer id: where others find us.
    package var addresses: [Multiaddr]
    /// A signed envelope with a `ReservationVoucher`; advisory.
    package var voucher: [UInt8]?

    package init(expire: UInt64, addresses: [Multiaddr] = [], voucher: [UInt8]? = nil) {
        self.expire = expire
        self.addresses = addresses
        self.voucher = voucher
    }

    func write(_ number: UInt64, into output: inout ByteBuffer) {
        ProtobufWriter.message(number, into: &output) { body in
            ProtobufWriter.varint(1, expire, into: &body)
            for address in addresses { ProtobufWriter.bytes(2, address.bytes, into: &body) }
            if let voucher { ProtobufWriter.bytes(3, voucher, into: &body) }
        }
    }

    init(_ message: ByteBuffer) throws(Circuit.Failure) {
        var expire: UInt64?
        var list = CircuitAddresses()
        var voucher: [UInt8]?
        var fields = CircuitFields(message)
        while let field = try fields.next() {
            switch field {
            case .varint(1, let value) where expire == nil: expire = value
            case .bytes(2, let value): try list.append(value)
            case .bytes(3, let value) where voucher == nil:
                guard value.readableBytes <= Circuit.voucherBytesMax else { throw .tooLong }
                voucher = Array(value.readableBytesView)
            case .bytes(1, _), .varint(1...3, _), .fixed(1...3), .bytes(3, _): throw .malformed
            case .bytes, .varint, .fixed: break
            }
        }
        guard let expire else { throw .missing(field: 1) }
        self.expire = expire
        addresses = list.known
        self.voucher = voucher
    }
}

/// How much a relay lets through one circuit. A value of 0, like an absent one, is no limit.
package struct CircuitLimit: Equatable, Sendable {
    /// Seconds.
    package var duration: UInt32?
    /// Bytes, in each direction.
    package var data: UInt64?

    package init(duration: UInt32? = nil, data: UInt64? = nil) {
        self.duration = duration
        self.data = data
    }

    /// Whether the relay is about to end a circuit: after 15/16 of its time, or 7/8 of its bytes.
    ///
    /// - Parameter bytes: of the direction with more.
    func isNearlyUsed(age: TimeAmount, bytes: UInt64) -> Bool {
        if let duration, duration > 0, age >= .seconds(Int64(duration) - Int64(duration / 16)) { return true }
        if let data, data > 0, bytes >= data - data / 8 { return true }
        return false
    }

    func write(_ number: UInt64, into output: inout ByteBuffer) {
        ProtobufWriter.message(number, into: &output) { body in
            if let duration { ProtobufWriter.varint(1, UInt64(duration), into: &body) }
            if let data { ProtobufWriter.varint(2, data, into: &body) }
        }
    }

    init(_ message: ByteBuffer) throws(Circuit.Failure) {
        var fields = CircuitFields(message)
        while let field = try fields.next() {
            switch field {
            case .varint(1, let value) where duration == nil:
                guard let seconds = UInt32(exactly: value) else { throw .malformed }
                duration = seconds
            case .varint(2, let value) where data == nil: data = value
            case .varint(1...2, _), .bytes(1...2, _), .fixed(1...2): throw .malformed
            case .bytes, .varint, .fixed: break
            }
        }
    }
}

/// Addresses of one message: counted, and those of transports we do not know left out.
struct CircuitAddresses {
    private(set) var known: [Multiaddr] = []
    private var count = 0

    mutating func append(_ value: ByteBuffer) throws(Circuit.Failure) {
        count += 1
        guard count <= Circuit.addressesMax else { throw .tooManyAddresses }
        if let address = try? Multiaddr(bytes: value) { known.append(address) }
    }
}

/// The fields of one message, with the one error this needs.
struct CircuitFields {
    private var reader: ProtobufReader

    init(_ message: ByteBuffer) { reader = ProtobufReader(message) }

    init(_ message: [UInt8]) { self.init(ByteBuffer(bytes: message)) }

    mutating func next() throws(Circuit.Failure) -> ProtobufReader.Field? {
        do { return try reader.next() } catch { throw .malformed }
    }
}

extension Circuit {
    static func status(_ value: UInt64) throws(Failure) -> CircuitStatus {
        guard let number = UInt32(exactly: value) else { throw .malformed }
        return CircuitStatus(rawValue: number)
    }
}
